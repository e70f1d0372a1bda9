import { printable } from '../../../event/text.ts';
import { type Checked, type CheckedPort, portWords, violations } from './checked.ts';

/**
 * JUnit XML: a test per open port, failed when it is not expected; a test per host without open ports; an error per gap.
 * https://github.com/testmoapp/junitxml
 */
export function junit(checked: Checked): string {
  const { scan, ports, closed, gaps } = checked;
  const tests = [...ports.map(portTest), ...closed.map(hostTest), ...gaps.map(gapError)];
  const counts = `tests="${tests.length}" failures="${violations(checked).length}" errors="${gaps.length}"`;
  const head = `<testsuite name="${escaped(`exposure of ${scan}`)}" ${counts}>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${tests.join('')}</testsuite>\n`;
}

function portTest(port: CheckedPort): string {
  const { zone, owner, violation } = port;
  const head = `  <testcase classname="${escaped(zone ?? 'no zone')}" name="${escaped(portWords(port))}"`;
  if (violation === undefined) return `${head}/>\n`;
  const { kind, what, level } = violation;
  const message = escaped(`${what} [${level}]`);
  return `${head}>\n    <failure type="${kind}" message="${message}">${escaped(owner === undefined ? '' : `owner: ${owner}`)}</failure>\n  </testcase>\n`;
}

function hostTest({ host, zone }: Checked['closed'][number]): string {
  return `  <testcase classname="${escaped(zone ?? 'no zone')}" name="${escaped(`${host}: no port is open`)}"/>\n`;
}

function gapError(what: string): string {
  return `  <testcase classname="the scan" name="${escaped(what)}">\n    <error message="${escaped(what)}"/>\n  </testcase>\n`;
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
