import { PORTLOG_VERSION } from '../../event/context.ts';
import { EXPIRED, UNEXPECTED } from '../../finding/exposure.ts';

/** An open port, and what is wrong with that, if anything is. */
export interface CheckedPort {
  readonly host: string;
  readonly port: string;
  readonly service: string;
  readonly zone: string | undefined;
  readonly owner: string | undefined;
  readonly violation: { readonly kind: 'unexpected' | 'expired'; readonly level: string; readonly what: string } | undefined;
}

/** `192.0.2.7 443/tcp https` */
export function placeOf({ host, port, service }: CheckedPort): string {
  return [host, port, service].filter((word) => word !== '').join(' ');
}

/** As CI servers read it: a test for each open port, of which those that are not meant to be have failed. https://github.com/testmoapp/junitxml */
export function junit(ports: readonly CheckedPort[], scan: string): string {
  const cases = ports.map((checked) => {
    const { zone, owner, violation } = checked;
    const head = `  <testcase classname="${escaped(zone ?? 'no zone')}" name="${escaped(placeOf(checked))}"`;
    if (violation === undefined) return `${head}/>\n`;
    const { kind, what, level } = violation;
    const message = escaped(`${what} [${level}]`);
    return `${head}>\n    <failure type="${kind}" message="${message}">${escaped(owner === undefined ? '' : `owner: ${owner}`)}</failure>\n  </testcase>\n`;
  });
  const failures = ports.filter(({ violation }) => violation !== undefined).length;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="${escaped(`exposure of ${scan}`)}" tests="${ports.length}" failures="${failures}">\n${cases.join('')}</testsuite>\n`;
}

/** Of a result in SARIF; what is less is a note. */
const SARIF_LEVELS: Readonly<Record<string, 'error' | 'warning' | 'note'>> = { critical: 'error', high: 'error', medium: 'warning' };

/**
 * As code hosts and security dashboards read it: a result for each port that is not meant to be open, the same from scan to
 * scan. https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarif(ports: readonly CheckedPort[], scan: string): string {
  const results = ports.flatMap((checked) => {
    const { host, port, zone, owner, violation } = checked;
    if (violation === undefined) return [];
    const { kind, level, what } = violation;
    return {
      ruleId: kind === 'expired' ? EXPIRED.id : UNEXPECTED.id,
      level: SARIF_LEVELS[level] ?? 'note',
      message: { text: `${placeOf(checked)}: ${what} [${level}]` },
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
  const log = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [{ tool: { driver }, results }] };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

/** Strangers wrote it; XML 1.0 has no control characters. */
function escaped(text: string): string {
  return text
    .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
