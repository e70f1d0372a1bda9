import { columnName } from '../../src/content/column-names.ts';
import { HOST_DASHBOARD } from '../../src/content/host-link.ts';
import { LEVEL_COLOURS } from '../../src/content/levels.ts';

/** How far back the preview goes. */
export const DAYS = 30;
/** The host that the dashboard of one host is drawn for. */
export const HOST = '203.0.113.10';

/** A panel with what it shows, wherever it came from. Places in a grid of `columns`. */
export interface Widget {
  readonly title: string;
  readonly about: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly body: Body;
}

export type Body =
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'bars' | 'columns' | 'ring'; readonly bars: readonly Bar[] }
  | { readonly kind: 'timeline'; readonly points: readonly Point[] }
  | { readonly kind: 'table'; readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | { readonly kind: 'text'; readonly lines: readonly string[] };

export interface Bar {
  readonly label: string;
  readonly value: number;
}

export interface Point {
  /** Epoch milliseconds. */
  readonly time: number;
  readonly group: string;
  readonly value: number;
}

export interface Board {
  readonly id: string;
  readonly title: string;
  /** Its filters and their values. */
  readonly filters: readonly string[];
  readonly columns: number;
  /** Pixels. */
  readonly rowHeight: number;
  readonly widgets: readonly Widget[];
}

const COLOURS = ['#54b399', '#6092c0', '#d36086', '#9170b8', '#ca8eae', '#d6bf57', '#b9a888', '#da8b45', '#aa6556', '#e7664c', '#3a8fb7', '#7a9c3f'];

const STYLE = `
  body { font: 13px/1.4 'DejaVu Sans', sans-serif; margin: 0; padding: 16px; background: #f2f4f8; color: #2b3240; width: 1500px; }
  h1 { font-size: 20px; margin: 0 0 12px; } .filters { display: flex; gap: 8px; margin-bottom: 10px; } .filters span { background: #fff; border: 1px solid #d8dee9; border-radius: 4px; padding: 3px 12px; min-width: 90px; }
  .board { display: grid; gap: 8px; }
  .panel { background: #fff; border: 1px solid #d8dee9; border-radius: 6px; padding: 8px 10px; overflow: hidden; display: flex; flex-direction: column; }
  .panel > b { font-size: 13px; } .panel > small { color: #7a8494; margin-bottom: 6px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  .number { font-size: 34px; margin: auto 0; } .empty { color: #98a2b3; margin: auto; }
  .bar { display: grid; grid-template-columns: 42% 1fr; align-items: center; gap: 6px; margin: 1px 0; font-size: 11px; }
  .bar span { text-align: right; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; } .bar i { display: inline-block; height: 11px; border-radius: 2px; margin-right: 4px; }
  .time { display: flex; align-items: flex-end; gap: 2px; flex: 1; min-height: 0; } .time > div { flex: 1; display: flex; flex-direction: column-reverse; height: 100%; } .time i { display: block; }
  .legend { font-size: 10px; display: flex; flex-wrap: wrap; gap: 2px 8px; margin-top: 4px; } .legend i { display: inline-block; width: 8px; height: 8px; margin-right: 3px; }
  table { border-collapse: collapse; font-size: 11px; width: 100%; } td, th { text-align: left; padding: 2px 10px 2px 4px; border-bottom: 1px solid #eef1f6; white-space: nowrap; max-width: 440px; overflow: hidden; text-overflow: ellipsis; } td a { color: #0b64dd; } td.level { color: #fff; width: 60px; }
  .ring { display: flex; gap: 16px; align-items: center; margin: auto; } .ring > i { width: 130px; height: 130px; border-radius: 50%; -webkit-mask: radial-gradient(circle, transparent 40px, #000 41px); } .ring .legend { flex-direction: column; font-size: 12px; }
  .upright { display: flex; gap: 4px; flex: 1; align-items: flex-end; min-height: 0; } .upright div { flex: 1; display: flex; flex-direction: column; justify-content: flex-end; height: 100%; font-size: 10px; text-align: center; }
  pre { font: 11px/1.5 'DejaVu Sans Mono', monospace; margin: 0; white-space: pre-wrap; }
`;

/** One page for a dashboard and its last days: no scripts, nothing from elsewhere. */
export function page(board: Board, days: number): string {
  const { title, filters, columns, rowHeight, widgets } = board;
  const grid = `grid-template-columns: repeat(${columns}, 1fr); grid-auto-rows: ${rowHeight}px;`;
  return `<!doctype html><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style><h1>${escaped(title)}</h1><div class="filters">${filters.map((name) => `<span>${escaped(name)} ▾</span>`).join('')}</div><div class="board" style="${grid}">${widgets.map((widget) => panel(widget, days)).join('\n')}</div>\n`;
}

function panel({ title, about, x, y, w, h, body }: Widget, days: number): string {
  const place = `grid-column: ${x + 1} / span ${w}; grid-row: ${y + 1} / span ${h};`;
  return `<div class="panel" style="${place}"><b>${escaped(title)}</b><small>${escaped(about)}</small>${bodyOf(body, days)}</div>`;
}

function bodyOf(body: Body, days: number): string {
  switch (body.kind) {
    case 'number':
      return `<div class="number">${escaped(body.text)}</div>`;
    case 'bars':
      return body.bars.length === 0 ? NOTHING : bars(body.bars);
    case 'columns':
      return body.bars.length === 0 ? NOTHING : upright(body.bars);
    case 'ring':
      return body.bars.every(({ value }) => value === 0) ? NOTHING : ring(body.bars.filter(({ value }) => value > 0));
    case 'timeline':
      return body.points.length === 0 ? NOTHING : timeline(body.points, days);
    case 'table':
      return body.rows.length === 0 ? NOTHING : table(body.rows);
    case 'text':
      return body.lines.length === 0 ? NOTHING : `<pre>${body.lines.map(escaped).join('\n')}</pre>`;
  }
}

const NOTHING = '<div class="empty">nothing</div>';

function bars(all: readonly Bar[]): string {
  const most = Math.max(1, ...all.map(({ value }) => value));
  return all
    .map(
      ({ label, value }) =>
        `<div class="bar"><span>${escaped(label)}</span><div><i style="width:${(value / most) * 80}%;background:${colour(label, 0)}"></i>${value}</div></div>`,
    )
    .join('');
}

function upright(all: readonly Bar[]): string {
  const most = Math.max(1, ...all.map(({ value }) => value));
  return `<div class="upright">${all
    .map(
      ({ label, value }) =>
        `<div>${value === 0 ? '' : value}<i style="height:${(value / most) * 70}%;background:${COLOURS[0]}"></i>${escaped(label)}</div>`,
    )
    .join('')}</div>`;
}

function ring(all: readonly Bar[]): string {
  const sum = all.reduce((total, { value }) => total + value, 0);
  let at = 0;
  const slices = all.map(({ label, value }, i) => {
    const from = at;
    at += (value / sum) * 100;
    return `${colour(label, i)} ${from}% ${at}%`;
  });
  const legend = all.map(({ label, value }, i) => `<span><i style="background:${colour(label, i)}"></i>${escaped(label)} ${value}</span>`);
  return `<div class="ring"><i style="background:conic-gradient(${slices.join(', ')})"></i><div class="legend">${legend.join('')}</div></div>`;
}

const DAY_MS = 86_400_000;

/** One column for each day. */
function timeline(points: readonly Point[], days: number): string {
  const found = [...new Set(points.map(({ group }) => group))];
  const levels = Object.keys(LEVEL_COLOURS).toReversed();
  const groups = found.every((group) => levels.includes(group)) ? levels.filter((level) => found.includes(level)) : found.toSorted();
  const first = Math.floor(Date.now() / DAY_MS) - days;
  const columns = Array.from({ length: days + 2 }, (_, i) => points.filter(({ time }) => Math.floor(time / DAY_MS) === first + i));
  const most = Math.max(1, ...columns.map((column) => column.reduce((sum, { value }) => sum + value, 0)));
  const drawn = columns.map(
    (column) =>
      `<div>${column
        .toSorted((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group))
        .map(({ group, value }) => `<i style="height:${(value / most) * 100}%;background:${colour(group, groups.indexOf(group))}"></i>`)
        .join('')}</div>`,
  );
  const legend = groups.map((group, i) => `<span><i style="background:${colour(group, i)}"></i>${escaped(group)}</span>`);
  return `<div class="time">${drawn.join('')}</div><div class="legend">${legend.join('')}</div>`;
}

function table(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const head = names.map((name) => `<th>${escaped(columnName(name))}</th>`).join('');
  const body = rows.map((row) => `<tr>${names.map((name) => cell(columnName(name), shown(row[name]))).join('')}</tr>`);
  return `<table><tr>${head}</tr>${body.join('')}</table>`;
}

/** A level has its colour, and an address leads to the dashboard of its host. */
function cell(name: string, text: string): string {
  if (text in LEVEL_COLOURS) return `<td class="level" style="background:${colour(text, 0)}">${escaped(text)}</td>`;
  return name === 'host' ? `<td><a href="#">${escaped(text)}</a></td>` : `<td>${escaped(text)}</td>`;
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(shown).join(', ');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*Z/, '$1 $2');
}

function colour(label: string, index: number): string {
  return (LEVEL_COLOURS as Readonly<Record<string, string>>)[label] ?? COLOURS[index % COLOURS.length] ?? '#888';
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** A time without its seconds. */
export function readable(value: unknown): string {
  return String(value).replace(/(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*/, '$1 $2');
}

/** A filter at the head; of the dashboard of one host, the one for its address. */
export function filterText(dashboard: string, title: string): string {
  return `${title}: ${dashboard === HOST_DASHBOARD && (title === 'Host' || title === 'Address') ? HOST : 'Any'}`;
}
