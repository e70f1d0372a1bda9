import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';

/** Runs a program with other rights. */
export const SETPRIV = '/usr/bin/setpriv';
/** Of setpriv: the kernel kills what is started when who started it is gone. It forgets that where a program changes its user. */
export const ENDS_WITH_US = ['--pdeathsig', 'KILL'] as const;

/** As `spawn`, of a server: nothing is left of it when the test that started it is killed (a time limit, Ctrl-C). */
export function startServer(program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(SETPRIV, [...ENDS_WITH_US, '--', program, ...args], options);
}
