/** An open port, and what is wrong with that, if anything is. */
export interface CheckedPort {
  readonly host: string;
  readonly port: string;
  readonly service: string;
  readonly zone: string | undefined;
  readonly owner: string | undefined;
  readonly violation: { readonly kind: 'unexpected' | 'expired'; readonly level: string; readonly what: string } | undefined;
}

/** As CI servers read it: a test for each open port, of which those that are not meant to be have failed. https://github.com/testmoapp/junitxml */
export function junit(ports: readonly CheckedPort[], scan: string): string {
  const cases = ports.map(({ host, port, service, zone, owner, violation }) => {
    const head = `  <testcase classname="${escaped(zone ?? 'no zone')}" name="${escaped(`${host} ${port} ${service}`.trim())}"`;
    if (violation === undefined) return `${head}/>\n`;
    const { kind, what, level } = violation;
    const message = escaped(`${what} [${level}]`);
    return `${head}>\n    <failure type="${kind}" message="${message}">${escaped(owner === undefined ? '' : `owner: ${owner}`)}</failure>\n  </testcase>\n`;
  });
  const failures = ports.filter(({ violation }) => violation !== undefined).length;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="${escaped(`exposure of ${scan}`)}" tests="${ports.length}" failures="${failures}">\n${cases.join('')}</testsuite>\n`;
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
