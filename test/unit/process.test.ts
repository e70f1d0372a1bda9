import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isAlive, tickOf } from '../../src/core/process-alive.ts';
import { Store } from '../../src/state/store.ts';
import { fastDir, PATIENCE_MS } from '../support/run-portlog.ts';

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

  test.skipIf(process.platform !== 'linux')('is gone when it has ended, even if nobody has buried it', async () => {
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
