import { PORTLOG_VERSION } from '../../../event/context.ts';
import { printable } from '../../../event/text.ts';
import { EXPIRED, UNEXPECTED } from '../../../finding/exposure.ts';

/** An open port, and what is wrong with that, if anything is. */
export interface CheckedPort {
  readonly host: string;
  readonly port: string;
  readonly service: string;
  readonly zone: string | undefined;
  readonly owner: string | undefined;
  readonly violation: { readonly kind: 'unexpected' | 'expired'; readonly level: string; readonly what: string } | undefined;
}

/** All that was compared. */
export interface Checked {
  /** As it was named. */
  readonly scan: string;
  readonly ports: readonly CheckedPort[];
  /** Hosts that were looked at and have no open port. */
  readonly closed: readonly { readonly host: string; readonly zone: string | undefined }[];
  /** Sentences: what was not looked at. */
  readonly gaps: readonly string[];
}

/** The ways to write it. None of them says of what was not looked at that it is right. */
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

/** A line a violation, a line a gap, and one with what was compared: no output at all would read as "nothing is wrong". */
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
 * As CI servers read it: a test for each open port, of which those that are not meant to be have failed, one for each host that has
 * none, and an error for what was not looked at. https://github.com/testmoapp/junitxml
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
  const calm = closed.map(
    ({ host, zone }) => `  <testcase classname="${escaped(zone ?? 'no zone')}" name="${escaped(`${host}: no port is open`)}"/>\n`,
  );
  const errors = gaps.map(
    (what) => `  <testcase classname="the scan" name="${escaped(what)}">\n    <error message="${escaped(what)}"/>\n  </testcase>\n`,
  );
  const tests = [...cases, ...calm, ...errors];
  const head = `<testsuite name="${escaped(`exposure of ${scan}`)}" tests="${tests.length}" failures="${violations(ports).length}" errors="${errors.length}">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${tests.join('')}</testsuite>\n`;
}

/** Of a result in SARIF; what is less is a note. */
const SARIF_LEVELS: Readonly<Record<string, 'error' | 'warning' | 'note'>> = { critical: 'error', high: 'error', medium: 'warning' };

/**
 * As code hosts and security dashboards read it: a result for each port that is not meant to be open, the same from scan to
 * scan. https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
function sarif({ scan, ports, gaps }: Checked): string {
  const results = ports.flatMap((checked) => {
    const { host, port, zone, owner, violation } = checked;
    if (violation === undefined) return [];
    const { kind, level, what } = violation;
    return {
      ruleId: kind === 'expired' ? EXPIRED.id : UNEXPECTED.id,
      level: SARIF_LEVELS[level] ?? 'note',
      message: { text: `${portWords(checked)}: ${what} [${level}]` },
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
  // Without results, only this tells "nothing is wrong" from "nothing was looked at".
  const invocation = {
    executionSuccessful: gaps.length === 0,
    toolExecutionNotifications: gaps.map((what) => ({ level: 'error', message: { text: what } })),
  };
  const runs = [{ tool: { driver }, invocations: [invocation], results }];
  const log = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

/** Strangers wrote it; XML 1.0 has no control characters. */
function escaped(text: string): string {
  return printable(text)
    .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
