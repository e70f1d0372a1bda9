import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freshDir } from '../support/run-portlog.ts';
import { scriptedServer } from '../support/scripted-server.ts';
import { installElastalert } from './install/elastalert.ts';
import { startServer } from './start-server.ts';

/** An alert as the webhook has heard it. */
export interface Heard {
  /** The file of the rule, without its ending. */
  readonly rule: string;
  readonly event: any;
}

export interface Store {
  readonly url: string;
  readonly caFile: string;
  readonly user: string;
  readonly password: string;
}

/**
 * Runs the rules of a folder as ElastAlert does, from a time on, until each has run once; resolves with what a webhook has heard, and with
 * what it said. Every rule file is as it is, but that it names its own path of the webhook.
 */
export async function runElastalert(
  store: Store,
  rules: string,
  from: Date,
  wanted: (file: string) => boolean = () => true,
): Promise<{ readonly heard: readonly Heard[]; readonly output: string }> {
  // Programs of a folder name the one where they were made; modules are found wherever it is.
  const python = join(await installElastalert(), 'python');
  const hook = await scriptedServer((_, response) => void response.writeHead(200).end('{}'));
  const folder = freshDir();
  mkdirSync(join(folder, 'rules'));
  const files = readdirSync(rules).filter((file) => file.endsWith('.yaml') && wanted(file));
  for (const file of files)
    writeFileSync(
      join(folder, 'rules', file),
      `${readFileSync(join(rules, file), 'utf8')}http_post2_url: ${hook.url.origin}/${file.slice(0, -'.yaml'.length)}\n`,
    );
  writeFileSync(join(folder, 'rules', 'receivers.inc'), stringify({ alert: ['post2', 'debug'], http_post2_all_values: true }));
  writeFileSync(join(folder, 'config.yaml'), stringify(configuration(store)));
  await created(python, store, folder);
  const args = ['-m', 'elastalert.elastalert', '--config', 'config.yaml', '--verbose', '--start', from.toISOString().slice(0, 19)];
  const output = await ranOnce(python, args, store, folder, files.length);
  const heard = hook.seen.map(({ path, body }) => ({ rule: path.slice(1), event: JSON.parse(body) }));
  await hook.stop();
  return { heard, output };
}

function configuration({ url, caFile, user, password }: Store): object {
  const { hostname, port } = new URL(url);
  return {
    rules_folder: 'rules',
    run_every: { minutes: 10 },
    buffer_time: { minutes: 15 },
    es_host: hostname,
    es_port: Number(port),
    use_ssl: true,
    verify_certs: true,
    ca_certs: caFile,
    es_username: user,
    es_password: password,
    writeback_index: `elastalert-${Date.now()}`,
    alert_time_limit: { days: 2 },
  };
}

async function created(python: string, store: Store, folder: string): Promise<void> {
  const { child, output } = started(python, ['-m', 'elastalert.create_index', '--config', 'config.yaml'], store, folder);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`no index for ElastAlert: ${output().slice(-3000)}`);
}

const MOST_MS = 180_000;

/** It says of each rule when it has run. */
async function ranOnce(python: string, args: readonly string[], store: Store, folder: string, rules: number): Promise<string> {
  const { child, output } = started(python, args, store, folder);
  const since = Date.now();
  const ran = (): number => new Set([...output().matchAll(/Ran (\[portlog\] .*?) from /g)].map(([, name]) => name)).size;
  while (ran() < rules && child.exitCode === null && Date.now() - since < MOST_MS) await new Promise((resolve) => setTimeout(resolve, 200));
  const count = ran();
  child.kill('SIGKILL');
  if (count < rules) throw new Error(`${count} of ${rules} rules ran: ${output().slice(-3000)}`);
  return output();
}

function started(
  python: string,
  args: readonly string[],
  { caFile }: Store,
  cwd: string,
): { readonly child: ChildProcess; readonly output: () => string } {
  // Where that is set, it counts more than what is configured.
  const env = { ...process.env, REQUESTS_CA_BUNDLE: caFile };
  const child = startServer(python, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  return { child, output: () => output };
}
