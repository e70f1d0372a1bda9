import { type ChildProcess, spawn } from 'node:child_process';

/** The only door to other programs. Arguments go as an array: no shell ever reads them. */
export function startChild(command: string, args: readonly string[], stdio: 'pipe' | 'capture'): ChildProcess {
  return spawn(command, args, {
    stdio: stdio === 'pipe' ? ['inherit', 'pipe', 'pipe'] : ['ignore', 'pipe', 'inherit'],
    shell: false,
    // A group of its own: Ctrl-C reaches us, and we tell nmap when and how to stop.
    detached: stdio === 'pipe',
  });
}

/** Sends a signal to a child and to what it started, as long as it runs. */
export function signalChild({ pid, exitCode, signalCode }: ChildProcess, signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

/** What a command prints, for secrets that a password store hands out. Rejects when it fails. */
export async function captureOutput(command: readonly string[]): Promise<string> {
  const [program = '', ...args] = command;
  const child = startChild(program, args, 'capture');
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`it exited with ${code ?? 'a signal'}`);
  return output;
}
