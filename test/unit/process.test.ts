import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isAlive, tickOf } from '../../src/core/process-alive.ts';
import { Store } from '../../src/state/store.ts';
import { canMount } from '../support/can-mount.ts';
import { fastDir, PATIENCE_MS, ROOT } from '../support/run-portlog.ts';

describe('a process', () => {
  test('is there as long as it runs, and not before it began or after it has ended', async () => {
    const now = Date.now();
    expect(isAlive(process.pid, now)).toBe(true);
    // Somebody else had the number then.
    expect(isAlive(process.pid, now - process.uptime() * 1000 - 60_000)).toBe(false);
    const child = spawn('sleep', ['60']);
    const pid = child.pid as number;
    expect(isAlive(pid, Date.now())).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(isAlive(pid, now)).toBe(false);
  });

  test.skipIf(process.platform !== 'linux')('is there, and is the same, however the clock was set since', () => {
    const [ahead, tick] = [Math.round(Date.now() - process.uptime() * 1000) - 3_600_000, tickOf(process.pid)];
    expect(tick).toBeGreaterThan(0);
    expect([isAlive(process.pid, ahead), isAlive(process.pid, ahead, tick), isAlive(process.pid, Date.now(), Number(tick) - 1)]).toEqual([
      false,
      true,
      false,
    ]);
    const stateDir = fastDir();
    const living = new Store({ stateDir, now: () => ahead, pid: process.pid, tick, isAlive, what: 'a long scan' });
    const next = new Store({ stateDir, now: Date.now, pid: process.pid, tick, isAlive, what: 'another' });
    expect(next.lostRuns).toEqual([]);
    next.close();
    living.close();
  });

  test.skipIf(!canMount())('is there in a container that has its own /proc/uptime, as of LXC (needs the right to mount)', () => {
    const file = join(fastDir(), 'uptime');
    writeFileSync(file, '1.00 1.00\n');
    const code = `import { uptime } from 'node:os';
      import { isAlive } from ${JSON.stringify(join(ROOT, 'src/core/process-alive.ts'))};
      console.log(Math.floor(uptime()), isAlive(${process.pid}, Date.now()));`;
    const script = `mount --bind ${file} /proc/uptime && exec "$0" --input-type=module --eval "$1"`;
    expect(execFileSync('unshare', ['--mount', 'sh', '-c', script, process.execPath, code], { encoding: 'utf8' })).toBe('1 true\n');
  });

  test.skipIf(process.platform !== 'linux')('is gone when it has ended, even as a zombie', async () => {
    // The shell becomes a program that asks for none of its children.
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 60']);
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(String(text));
    const began = Date.now();
    while (isAlive(pid, began) && Date.now() < began + PATIENCE_MS) await wait(20);
    expect([isAlive(pid, began), existsSync(`/proc/${pid}`)]).toEqual([false, true]);
    parent.kill('SIGKILL');
  });
});
