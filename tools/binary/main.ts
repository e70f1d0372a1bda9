import { run } from '../../src/cli/main.ts';

// What bin/portlog.js is in the package: here Node is never too old.
void run(process.argv.slice(2));
