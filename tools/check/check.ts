import { spawnSync } from 'node:child_process';
import { STEPS } from './steps.ts';

// One line for each step. The output of a step is shown when a static check fails, and for tests, which take minutes.
for (const [index, [what, command = '', ...args]] of STEPS.entries()) {
  const begun = performance.now();
  const isLong = args.some((word) => word.startsWith('test'));
  console.log(`${index + 1} of ${STEPS.length}: ${what}`);
  const { status, stdout, stderr } = spawnSync(command, args, { stdio: isLong ? 'inherit' : 'pipe', encoding: 'utf8' });
  if (status !== 0) {
    if (!isLong) console.log(stdout + stderr);
    console.log(`not ready: ${[command, ...args].join(' ')} fails`);
    process.exit(1);
  }
  console.log(`    well, ${((performance.now() - begun) / 1000).toFixed(0)} s`);
}
console.log('ready to push');
