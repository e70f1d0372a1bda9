import { loadExposure } from '../../config/load.ts';
import { checkedNamespace } from '../../config/settings.ts';
import { type ContentOptions, DEFAULT_CONTENT } from '../../content/options.ts';
import { PortlogError } from '../../core/errors.ts';
import { type CommandContext, list, number, text } from './context.ts';

/** Options for dashboards and rules, from flags and configuration. */
export async function contentOptions({ values, config: read }: CommandContext): Promise<ContentOptions> {
  const config = await read();
  // A wrong exposure file is reported here, because rules and panels for it would stay empty and look as if all were well.
  if (config.exposure !== undefined) await loadExposure(config.exposure);
  const named = list(values, 'site')?.map(siteOf);
  const configured = Object.entries(config.sites ?? {}).map(([name, { maxAgeHours }]) => ({ name, maxAgeHours }));
  const namespace = text(values, 'namespace') ?? config.namespace;
  return {
    namespace: namespace === undefined ? undefined : checkedNamespace(namespace),
    zones: list(values, 'zone')?.map(checkedZone),
    sites: named ?? configured,
    lokiUid: text(values, 'loki-uid') ?? DEFAULT_CONTENT.lokiUid,
    runbooks: text(values, 'runbooks'),
    dashboards: dashboardsAt(text(values, 'dashboards')),
    wazuhBaseId: baseId(number(values, 'base-id')),
  };
}

/** Validates the base URL of links in messages. */
function dashboardsAt(address: string | undefined): string | undefined {
  if (address === undefined || (/^https?:\/\/[^\s"'<>{}()[\]\\]+$/.test(address) && URL.canParse(address))) return address;
  throw new PortlogError('usage', `--dashboards "${address}": an address that begins with https:// or http://`, {
    hint: 'as in the browser, before /app or /d: https://kibana.example.net/s/ops',
  });
}

/** `branch` or `branch=170`: hours within which a scan must have finished. */
function siteOf(word: string): ContentOptions['sites'][number] {
  const [, name = '', hours] = /^([\w.-]{1,64})(?:=([1-9]\d{0,4}))?$/.exec(word) ?? [];
  if (name === '')
    throw new PortlogError('usage', `--site ${word}: write NAME or NAME=HOURS`, { hint: 'HOURS: within which a scan must have finished' });
  return { name, maxAgeHours: hours === undefined ? undefined : Number(hours) };
}

/** Checks the first id of Wazuh rules: user ids are 100000 to 120000, and portlog needs up to 200 of them. */
function baseId(id: number | undefined): number | undefined {
  if (id === undefined || (Number.isInteger(id) && id >= 100_000 && id <= 119_800)) return id;
  throw new PortlogError('usage', `--base-id ${id}: a whole number from 100000 to 119800`);
}

/** Validates a zone, which goes into queries unescaped. */
function checkedZone(word: string): string {
  if (/^[\w.-]{1,64}$/.test(word)) return word;
  throw new PortlogError('usage', `--zone "${word}": only letters, digits, ".", "_" and "-", at most 64`);
}
