import { PORTLOG_VERSION } from '../../../event/context.ts';
import { withoutMarkup } from '../../../event/markup.ts';
import { printable } from '../../../event/text.ts';
import { EXPIRED, UNEXPECTED } from '../../../finding/exposure.ts';

/** An open port, with its violation, if any. */
export interface CheckedPort {
  readonly host: string;
  readonly port: string;
  readonly service: string;
  readonly zone: string | undefined;
  readonly owner: string | undefined;
  readonly violation: { readonly kind: 'unexpected' | 'expired'; readonly level: string; readonly what: string } | undefined;
}

/** The result of a check. */
export interface Checked {
  /** The name of the scan. */
  readonly scan: string;
  readonly ports: readonly CheckedPort[];
  /** Scanned hosts without open ports. */
  readonly closed: readonly { readonly host: string; readonly zone: string | undefined }[];
  /** Sentences about what was not scanned. */
  readonly gaps: readonly string[];
}

/** The output formats. None reports unscanned ports as right. */
export const REPORTS: Readonly<Record<string, (checked: Checked) => string>> = {
  table: ({ ports }) => violations(ports).map(tableLine).join(''),
  json: jsonLines,
  junit,
  sarif,
};

function violations(ports: readonly CheckedPort[]): readonly CheckedPort[] {
  return ports.filter(({ violation }) => violation !== undefined);
}

function tableLine(checked: CheckedPort): string {
  const { violation } = checked;
  return `${printable(`${violation?.kind.padEnd(10)} ${portWords(checked)}: ${violation?.what} [${violation?.level}]`)}\n`;
}

/** A line per violation, a line per gap, and one with totals, so that the output is never empty. */
function jsonLines({ ports, closed, gaps }: Checked): string {
  const wrong = violations(ports);
  const hosts = new Set([...ports, ...closed].map(({ host }) => host)).size;
  return [
    ...wrong.map(({ violation, ...port }) => ({ ...violation, ...port })),
    ...gaps.map((what) => ({ kind: 'not-checked', what })),
    { kind: 'checked', hosts, open_ports: ports.length, violations: wrong.length, gaps: gaps.length },
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

/** `192.0.2.7 443/tcp https` */
function portWords({ host, port, service }: CheckedPort): string {
  return [host, port, service].filter((word) => word !== '').join(' ');
}

/**
 * JUnit XML: a test per open port, failed when it is not expected; a test per host without open ports; an error per gap.
 * https://github.com/testmoapp/junitxml
 */
function junit({ scan, ports, closed, gaps }: Checked): string {
  const cases = ports.map((checked) => {
    const { zone, owner, violation } = checked;
    const head = `  <testcase classname="${escaped(zone ?? 'no zone')}" name="${escaped(portWords(checked))}"`;
    if (violation === undefined) return `${head}/>\n`;
    const { kind, what, level } = violation;
    const message = escaped(`${what} [${level}]`);
    return `${head}>\n    <failure type="${kind}" message="${message}">${escaped(owner === undefined ? '' : `owner: ${owner}`)}</failure>\n  </testcase>\n`;
  });
  const allowed = closed.map(
    ({ host, zone }) => `  <testcase classname="${escaped(zone ?? 'no zone')}" name="${escaped(`${host}: no port is open`)}"/>\n`,
  );
  const errors = gaps.map(
    (what) => `  <testcase classname="the scan" name="${escaped(what)}">\n    <error message="${escaped(what)}"/>\n  </testcase>\n`,
  );
  const tests = [...cases, ...allowed, ...errors];
  const head = `<testsuite name="${escaped(`exposure of ${scan}`)}" tests="${tests.length}" failures="${violations(ports).length}" errors="${errors.length}">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${tests.join('')}</testsuite>\n`;
}

/** SARIF levels; anything else is a note. */
const SARIF_LEVELS: Readonly<Record<string, 'error' | 'warning' | 'note'>> = { critical: 'error', high: 'error', medium: 'warning' };

/** SARIF: a result for each unexpected open port, with a stable fingerprint. https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
function sarif({ scan, ports, gaps }: Checked): string {
  const results = ports.flatMap((checked) => {
    const { host, port, zone, owner, violation } = checked;
    if (violation === undefined) return [];
    const { kind, level, what } = violation;
    return {
      ruleId: kind === 'expired' ? EXPIRED.id : UNEXPECTED.id,
      level: SARIF_LEVELS[level] ?? 'note',
      message: { text: sarifText(`${portWords(checked)}: ${what} [${level}]`) },
      locations: [
        {
          physicalLocation: { artifactLocation: { uri: encodeURI(scan) } },
          logicalLocations: [{ name: `${host} ${port}`, kind: 'resource', fullyQualifiedName: `${host}/${port}` }],
        },
      ],
      partialFingerprints: { 'hostAndPort/v1': `${host}/${port}` },
      properties: { zone, owner },
    };
  });
  const rules = [UNEXPECTED, EXPIRED].map(({ id, name, why, remedy }) => ({
    id,
    shortDescription: { text: name },
    fullDescription: { text: why },
    help: { text: remedy },
  }));
  const driver = { name: 'portlog', semanticVersion: PORTLOG_VERSION, rules };
  // Without results, only this distinguishes "nothing is wrong" from "nothing was scanned".
  const invocation = {
    executionSuccessful: gaps.length === 0,
    toolExecutionNotifications: gaps.map((what) => ({ level: 'error', message: { text: sarifText(what) } })),
  };
  const runs = [{ tool: { driver }, invocations: [invocation], results }];
  const log = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

/** Text of a message, in which viewers find links (3.11.6), placeholders in braces (3.11.5), and often Markdown. */
function sarifText(text: string): string {
  return withoutMarkup(printable(text)).replaceAll(/[{}]/g, '$&$&');
}

/** Escapes untrusted text; XML 1.0 allows no control characters. */
function escaped(text: string): string {
  return printable(text)
    .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
