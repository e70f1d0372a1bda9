import { type ChildProcess, execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freshDir } from '../support/run-portlog.ts';
import { startServer } from './start-server.ts';

const run = promisify(execFile);
/** Opens what its first argument lists, answers each TCP client with a line, each datagram with itself, and says when it is ready. */
const LISTENER = `
const [kind, address, port, banner] = process.argv.slice(1);
const ready = () => console.log('ready');
if (kind === 'tcp') require('node:net').createServer((socket) => socket.on('error', () => undefined).end(banner + '\\r\\n')).listen(Number(port), address, ready);
else { const socket = require('node:dgram').createSocket('udp4'); socket.on('message', (message, from) => socket.send(message, from.port, from.address)).bind(Number(port), address, ready); }
`;

/**
 * Two network namespaces of our own, joined by a cable: a scanner, and hosts whose addresses, listeners and
 * filters a test changes as it likes. Needs root, iproute2 and nftables.
 */
export class Lab {
  private readonly scanner: string;
  private readonly hosts: string;
  private readonly listeners = new Map<string, ChildProcess>();
  private readonly folder = freshDir();
  private scans = 0;

  constructor(addresses: readonly string[]) {
    const id = `${process.pid}`;
    [this.scanner, this.hosts] = [`pl-scan-${id}`, `pl-host-${id}`];
    ip('netns', 'add', this.scanner);
    ip('netns', 'add', this.hosts);
    ip('-n', this.scanner, 'link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', this.hosts);
    ip('-n', this.hosts, 'link', 'set', 'cable', 'address', '02:00:00:00:00:07');
    ip('-n', this.scanner, 'addr', 'add', '10.77.0.1/24', 'dev', 'cable');
    for (const namespace of [this.scanner, this.hosts]) for (const device of ['lo', 'cable']) ip('-n', namespace, 'link', 'set', device, 'up');
    for (const address of addresses) this.up(address);
    this.nft('add', 'table', 'inet', 'lab');
    this.nft('add', 'chain', 'inet', 'lab', 'in', '{ type filter hook input priority 0 ; }');
  }

  up(address: string): void {
    ip('-n', this.hosts, 'addr', 'add', `${address}/24`, 'dev', 'cable');
  }

  down(address: string): void {
    ip('-n', this.hosts, 'addr', 'del', `${address}/24`, 'dev', 'cable');
  }

  async open(address: string, port: string, banner = 'hello'): Promise<void> {
    const [number = '', kind = ''] = port.split('/');
    const child = startServer('ip', ['netns', 'exec', this.hosts, process.execPath, '-e', LISTENER, kind, address, number, banner]);
    this.listeners.set(`${address} ${port}`, child);
    await once(child.stdout!, 'data');
  }

  async close(address: string, port: string): Promise<void> {
    const child = this.listeners.get(`${address} ${port}`);
    this.listeners.delete(`${address} ${port}`);
    if (child === undefined) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  /** Drops what comes for a TCP port, so that it is filtered. */
  filter(port: number): void {
    this.nft('add', 'rule', 'inet', 'lab', 'in', 'tcp', 'dport', String(port), 'drop');
  }

  unfilter(): void {
    this.nft('flush', 'chain', 'inet', 'lab', 'in');
  }

  /** Runs nmap there, in a second of its own, which is all that nmap tells of time; gives the path of what it wrote. */
  async scan(...args: readonly string[]): Promise<string> {
    const path = join(this.folder, `${++this.scans}.xml`);
    await new Promise((resolve) => setTimeout(resolve, 1001 - (Date.now() % 1000)));
    await run('ip', ['netns', 'exec', this.scanner, 'nmap', '-n', '-T4', '-oX', path, ...args]);
    return path;
  }

  /** What nmap has written when it is killed after so many milliseconds. */
  async scanAndKill(ms: number, ...args: readonly string[]): Promise<string> {
    const path = join(this.folder, `${++this.scans}.xml`);
    const child = startServer('ip', ['netns', 'exec', this.scanner, 'nmap', '-n', '-oX', path, ...args]);
    setTimeout(() => child.kill('SIGKILL'), ms);
    await once(child, 'close');
    readFileSync(path);
    return path;
  }

  async stop(): Promise<void> {
    for (const child of this.listeners.values()) child.kill('SIGKILL');
    for (const namespace of [this.scanner, this.hosts]) ip('netns', 'del', namespace);
  }

  private nft(...args: readonly string[]): void {
    execFileSync('ip', ['netns', 'exec', this.hosts, 'nft', ...args]);
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args);
}
