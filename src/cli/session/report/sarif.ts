import { PORTLOG_VERSION } from '../../../event/context.ts';
import { withoutMarkup } from '../../../event/markup.ts';
import { printable } from '../../../event/text.ts';
import { EXPIRED, UNEXPECTED } from '../../../finding/exposure.ts';
import { type Checked, portWords, violations } from './checked.ts';

/** SARIF levels; anything else is a note. */
const LEVELS: Readonly<Record<string, 'error' | 'warning' | 'note'>> = { critical: 'error', high: 'error', medium: 'warning' };

/** SARIF: a result for each unexpected open port, with a stable fingerprint. https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
export function sarif(checked: Checked): string {
  const { scan, gaps } = checked;
  const results = violations(checked).map((port) => result(scan, port));
  const driver = { name: 'portlog', semanticVersion: PORTLOG_VERSION, rules: [UNEXPECTED, EXPIRED].map(rule) };
  // Without results, only this distinguishes "nothing is wrong" from "nothing was scanned".
  const invocation = {
    executionSuccessful: gaps.length === 0,
    toolExecutionNotifications: gaps.map((what) => ({ level: 'error', message: { text: plain(what) } })),
  };
  const runs = [{ tool: { driver }, invocations: [invocation], results }];
  const log = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function result(scan: string, checked: ReturnType<typeof violations>[number]): object {
  const { host, port, zone, owner, violation } = checked;
  const { kind, level, what } = violation;
  return {
    ruleId: kind === 'expired' ? EXPIRED.id : UNEXPECTED.id,
    level: LEVELS[level] ?? 'note',
    message: { text: plain(`${portWords(checked)}: ${what} [${level}]`) },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: encodeURI(scan) } },
        logicalLocations: [{ name: `${host} ${port}`, kind: 'resource', fullyQualifiedName: `${host}/${port}` }],
      },
    ],
    partialFingerprints: { 'hostAndPort/v1': `${host}/${port}` },
    properties: { zone, owner },
  };
}

function rule({ id, name, why, remedy }: typeof UNEXPECTED): object {
  return { id, shortDescription: { text: name }, fullDescription: { text: why }, help: { text: remedy } };
}

/** Text of a message, in which viewers find links (3.11.6), placeholders in braces (3.11.5), and often Markdown. */
function plain(text: string): string {
  return withoutMarkup(printable(text)).replaceAll(/[{}]/g, '$&$&');
}
