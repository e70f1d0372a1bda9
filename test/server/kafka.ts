import { type ChildProcess, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installKafka } from './install/kafka.ts';
import { findJava } from './java.ts';
import { freePort, listening } from './ports.ts';
import { startServer } from './start-server.ts';

/** A real Kafka of one node on loopback, broker and controller, that makes a topic when somebody writes to it. */
export interface KafkaServer {
  /** `HOST:PORT` of its broker. */
  readonly broker: string;
  /** What was written stays. */
  halt(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Ready in five seconds, with 340 MB. */
export async function startKafka(): Promise<KafkaServer> {
  const jars = await installKafka();
  const base = mkdtempSync(join(tmpdir(), 'portlog-kafka-'));
  const [port, controller] = [await freePort(), await freePort()];
  const config = join(base, 'server.properties');
  writeFileSync(config, properties(base, port, controller));
  const java = join(findJava(), 'bin', 'java');
  const args = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`];
  execFileSync(java, [...args, 'kafka.tools.StorageTool', 'format', '-t', 'cG9ydGxvZy1rYWZrYS0wMQ', '-c', config], { stdio: 'ignore' });
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = startServer(java, [...args, 'kafka.Kafka', config], { stdio: 'ignore' });
    await listening(port, child);
  }

  async function halt(): Promise<void> {
    const ending = child;
    if (ending === undefined) return;
    const ended = new Promise((resolve) => ending.once('close', resolve));
    ending.kill('SIGTERM');
    const late = setTimeout(() => ending.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(late);
    child = undefined;
  }

  await start();
  return {
    broker: `127.0.0.1:${port}`,
    halt,
    start,
    async stop() {
      await halt();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** Its defaults but for what one node cannot have, and a group that does not wait for others. */
function properties(base: string, port: number, controller: number): string {
  return `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
log.dirs=${join(base, 'data')}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`;
}
