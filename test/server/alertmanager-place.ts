import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { freshDir, portlog } from '../support/run-portlog.ts';
import { asked, named, scanOf, type StoryHost, type StoryScan } from '../support/story.ts';
import type { AlertmanagerServer } from './alertmanager.ts';

/** Each alert in a message of its own but for the site `grouped`, soon, and told again only when it has ended meanwhile. */
export const ROUTE = `
route:
  receiver: hook
  group_by: ['...']
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 24h
  routes:
    - { matchers: ['site="grouped"'], receiver: hook, group_by: [alertname, site] }
receivers:
  - { name: hook, webhook_configs: [{ url: 'http://127.0.0.1:9095/', send_resolved: true }] }
`;
/** Longer than group_wait and two rounds of group_interval. */
const SETTLED_MS = 4000;

export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
/** `fired new-open-port 192.0.2.10:7777`, as the webhook heard it, of one site. */
export function heard(alertmanager: AlertmanagerServer, site: string): string[] {
  return alertmanager.received
    .filter(({ labels }) => labels['site'] === site)
    .map(({ status, labels: { rule = '', instance = '', port = '' } }) => `${status} ${rule.replace('portlog-', '')} ${[instance, port].join(':')}`)
    .sort();
}

/** The labels of the alerts that it holds now. */
export async function standing({ url }: AlertmanagerServer): Promise<readonly Readonly<Record<string, string>>[]> {
  const answer = await fetch(`${url}/api/v2/alerts`);
  return ((await answer.json()) as { labels: Record<string, string> }[]).map(({ labels }) => labels);
}

/** Other sinks of the same runs, as `TYPE=URL`, and what they need in the environment. */
interface Beside {
  readonly to: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A site with a state directory of its own, and the scans that are shipped from it to an Alertmanager. */
export class Place {
  readonly site: string;
  readonly at = freshDir();
  readonly state = join(this.at, 'state');
  readonly files: string[] = [];
  private readonly url: string;
  private readonly beside: Beside;

  constructor(site: string, { url }: { readonly url: string }, beside: Beside = { to: [], env: {} }) {
    this.site = site;
    this.url = url;
    this.beside = beside;
  }

  scan(daysAgo: number, hosts: readonly StoryHost[], more: Partial<StoryScan> = {}): string {
    const file = join(this.at, `${this.files.length}.xml`);
    writeFileSync(file, scanOf({ daysAgo, hosts, options: 'nmap -v -sV -p 1-10000', ...more }, Date.now()));
    this.files.push(file);
    return file;
  }

  args(url: string, files: readonly string[]): readonly string[] {
    const to = [...this.beside.to, `alertmanager=${url}`].flatMap((sink) => ['--to', sink]);
    return [...to, '--site', this.site, '--state-dir', this.state, '--retry-for-seconds', '1', ...files];
  }

  async ship(files: readonly string[], url = this.url): Promise<number | null> {
    return (await portlog(this.args(url, files), { env: this.beside.env })).code;
  }

  /** As if so much time had passed since the sink looked last. */
  wake(): void {
    const database = Database.open(join(this.state, 'portlog.db'), SCHEMA_VERSIONS);
    database.run("UPDATE sink_memory SET text = '1' WHERE name = 'due'");
    database.run('UPDATE sink_upkeep SET due = 1');
    database.close();
  }
}

const WEB = asked(80, 'http', 'nginx', '1.26.0');
export const host = (ip: string, ...more: readonly string[]): StoryHost => ({ ip, ports: [WEB, ...more] });
export const QUIET = [host('192.0.2.10'), host('192.0.2.20')];
export const OPENED = [host('192.0.2.10', named(7777, 'cbt')), host('192.0.2.20')];
