import { type ChildProcess, spawn } from 'node:child_process';

/** A socket that takes datagrams, as a service manager has one: Node has none of that kind. */
export interface DatagramListener {
  /** Each as it came; the barriers of systemd-notify are left out. */
  readonly received: readonly string[];
  stop(): void;
}

const LISTEN = `
import socket, sys, json
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', chr(0), 1))
print('"ready"', flush=True)
while True: print(json.dumps(s.recv(65536).decode()), flush=True)
`;

/** `name`: a path, or `@NAME` for one without a file. */
export async function listenForDatagrams(name: string): Promise<DatagramListener> {
  const received: string[] = [];
  const child: ChildProcess = spawn('python3', ['-c', LISTEN, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  let rest = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject).once('exit', () => reject(new Error('the listener has ended')));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.map((one) => JSON.parse(one) as string)) {
        if (line === 'ready') resolve();
        else if (line !== 'BARRIER=1') received.push(line);
      }
    });
  });
  return { received, stop: () => void child.kill('SIGKILL') };
}
