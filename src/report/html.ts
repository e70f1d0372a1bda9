import { createHash } from 'node:crypto';
import { packageText } from '../core/package-files.ts';
import { LEVELS, type ReportFacts } from './facts.ts';
import { priorities } from './priorities.ts';
import { type Cell, type Section, sections } from './sections.ts';
import { counted, withCommas } from '../event/text.ts';
import { about, minute, shown } from './text.ts';

/**
 * A self-contained HTML file. Its Content-Security-Policy allows only its own style and script, by hash, and no request.
 * Untrusted text is escaped everywhere.
 */
export function html(facts: ReportFacts): Iterable<string> {
  const style = packageText('report/page.css');
  const script = packageText('report/page.js');
  const tables = sections(facts);
  return (function* () {
    yield head(facts, tables, { style, script });
    yield summary(facts);
    yield gaps(facts);
    yield first(facts);
    yield scans(facts);
    for (const one of tables) yield* table(one);
    yield `</main>\n<script>${script}</script>\n</body>\n</html>\n`;
  })();
}

function head(facts: ReportFacts, tables: readonly Section[], { style, script }: { readonly style: string; readonly script: string }): string {
  const policy = `default-src 'none'; style-src '${hash(style)}'; script-src '${hash(script)}'; base-uri 'none'; form-action 'none'`;
  const title = `Network exposure, ${minute(facts.made)} UTC`;
  const links = [['first', 'What to do first'] as const, ...tables.map(({ id, title: name }) => [id, name] as const)];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
<p>${escaped(about(facts))}.</p>
<nav>${links.map(([id, name]) => `<a href="#${id}">${name}</a>`).join('')}</nav>
<label class="search" hidden>Search <input type="search" id="search" placeholder="address, port, service, word" autocomplete="off"></label>
</header>
<main>
`;
}

/** https://www.w3.org/TR/CSP3/#grammardef-hash-source */
function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function summary({ totals }: ReportFacts): string {
  const numbers = [
    [totals.hostsUp, 'hosts up'],
    [totals.openPorts, 'open ports'],
    ...(totals.openProtocols === 0 ? [] : [[totals.openProtocols, 'open protocols'] as const]),
    [totals.hostsNotUp, 'hosts that do not answer'],
  ] as const;
  const most = Math.max(...LEVELS.map((level) => totals.findings[level]), 1);
  const bars = LEVELS.map(
    (level, i) =>
      `<text x="0" y="${i * 24 + 16}">${level}</text><rect class="${level}" x="70" y="${i * 24 + 3}" width="${Math.round((totals.findings[level] / most) * 260)}" height="17" rx="2"/><text x="${78 + Math.round((totals.findings[level] / most) * 260)}" y="${i * 24 + 16}">${withCommas(totals.findings[level])}</text>`,
  );
  const words = LEVELS.map((level) => `${withCommas(totals.findings[level])} ${level}`).join(', ');
  return `<section class="summary">
<ul>${numbers.map(([number, what]) => `<li><b>${withCommas(number)}</b> <span>${what}</span></li>`).join('')}</ul>
<svg role="img" aria-label="Weaknesses: ${words}" viewBox="0 0 400 ${LEVELS.length * 24}" width="400" height="${LEVELS.length * 24}">${bars.join('')}</svg>
</section>
`;
}

function first({ findings, totals }: ReportFacts): string {
  const todo = priorities(findings.rows);
  const nothing = totals.hostsUp === 0 ? 'No host is known to be up, so nothing was looked at.' : 'Nothing that was looked at needs to be fixed.';
  const items = todo.map(
    ({ level, title, remedy, hosts }) =>
      `<li><span class="level ${level}">${level}</span> <b>${text(title)}</b> at ${counted(hosts, 'host')}: ${text(remedy)}</li>`,
  );
  return `<section id="first"><h2>What to do first</h2>${items.length === 0 ? `<p>${nothing}</p>` : `<ol>${items.join('')}</ol>`}</section>\n`;
}

function gaps({ gaps: all }: ReportFacts): string {
  if (all.length === 0) return '';
  return `<section id="gaps"><h2>What this report does not know</h2><ul>${all.map((gap) => `<li>${text(gap)}</li>`).join('')}</ul></section>\n`;
}

function scans({ scans: all }: ReportFacts): string {
  if (all.length === 0) return '';
  const items = all.map(({ time, message, args }) => `<li>${minute(time)} ${text(message)}<br><code>${text(args)}</code></li>`);
  return `<section id="scans"><h2>Scans</h2><ul>${items.join('')}</ul></section>\n`;
}

function* table({ id, title, columns, rows, total, empty, notes }: Section): Generator<string> {
  yield `<section id="${id}"><h2>${title} <span class="count">${withCommas(total)}</span></h2>\n`;
  yield notes.map((note) => `<p class="note">${text(note)}.</p>`).join('');
  if (rows.length === 0) yield `<p>${empty}</p>`;
  else {
    yield `<table><thead><tr>${columns.map((column) => `<th scope="col">${column}</th>`).join('')}</tr></thead><tbody>\n`;
    for (const row of rows) yield `<tr>${row.map(cell).join('')}</tr>\n`;
    yield '</tbody></table><p class="more"></p>';
  }
  yield '</section>\n';
}

function cell({ text: what, order, kind }: Cell): string {
  const sorting = order === undefined ? '' : ` data-order="${order}"`;
  if (kind === 'level' && what !== '') return `<td${sorting}><span class="level ${what}">${what}</span></td>`;
  const name = kind === 'host' || kind === 'short' ? ` class="${kind}"` : '';
  return `<td${sorting}${name}>${text(what)}</td>`;
}

function text(stranger: string): string {
  return escaped(shown(stranger));
}

function escaped(plain: string): string {
  return plain.replaceAll(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}
