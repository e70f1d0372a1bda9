#!/usr/bin/env node
// Plain old JavaScript without imports: it must run on any Node, to say so when that is too old.
var wanted = [22, 19];
var have = process.versions.node.split('.').map(Number);
if (have[0] < wanted[0] || (have[0] === wanted[0] && have[1] < wanted[1])) {
  console.error(
    'portlog: needs Node ' +
      wanted.join('.') +
      ' or newer, and this is ' +
      process.versions.node +
      '; the single program and the packages for Debian and Red Hat need no Node (docs/how-to/install.md), or install a current one',
  );
  process.exitCode = 2;
} else {
  import('../dist/cli/main.js').then(
    function (main) {
      return main.run(process.argv.slice(2));
    },
    function (error) {
      var isLimit = error.code === 'EMFILE' || error.code === 'ENFILE';
      console.error(
        'portlog: its own program could not be read: ' +
          (isLimit ? 'too many files are open; raise the limit for this process (ulimit -n), it needs 32 and more' : error.message),
      );
      process.exitCode = 3;
    },
  );
}
