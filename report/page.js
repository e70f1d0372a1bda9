'use strict';
// Without this script all rows are there, in order. With it, they can be searched and sorted, and long tables show a part.
(() => {
  const PART = 200;
  const tables = [...document.querySelectorAll('table')].map((table) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => ({ row, text: row.textContent.toLowerCase() }));
    return { table, body, rows, more: table.nextElementSibling, shown: PART };
  });
  const search = document.getElementById('search');

  function draw(one) {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = words.length === 0 ? one.rows : one.rows.filter(({ text }) => words.every((word) => text.includes(word)));
    one.body.replaceChildren(...found.slice(0, one.shown).map(({ row }) => row));
    const rest = found.length - Math.min(found.length, one.shown);
    one.more.replaceChildren(
      found.length === 0 ? 'no row matches' : `${Math.min(found.length, one.shown)} of ${found.length} rows${words.length === 0 ? '' : ' that match'} `,
    );
    if (rest > 0) one.more.append(button(`show all`, () => show(one, Infinity)));
    one.more.hidden = rest === 0 && words.length === 0;
  }

  function show(one, rows) {
    one.shown = rows;
    draw(one);
  }

  function button(text, act) {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = text;
    made.addEventListener('click', act);
    return made;
  }

  function keyOf(row, column) {
    const cell = row.cells[column];
    const order = cell.getAttribute('data-order');
    return order === null ? cell.textContent : Number(order);
  }

  const { compare } = new Intl.Collator('en', { numeric: true });
  const order = (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : compare(String(a), String(b)));

  function sort(one, head, column) {
    const sign = head.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
    for (const other of head.parentElement.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', sign === 1 ? 'ascending' : 'descending');
    const keyed = one.rows.map((entry) => ({ entry, key: keyOf(entry.row, column) }));
    one.rows = keyed.sort((a, b) => sign * order(a.key, b.key)).map(({ entry }) => entry);
    draw(one);
  }

  for (const one of tables) {
    for (const [column, head] of [...one.table.tHead.rows[0].cells].entries()) {
      const name = head.textContent;
      head.replaceChildren(button(name === '' ? 'Days' : name, () => sort(one, head, column)));
    }
    draw(one);
  }
  // A host's address leads to all there is of it.
  document.addEventListener('click', ({ target }) => {
    const cell = target.closest?.('td.host');
    if (cell === null || cell === undefined) return;
    search.value = search.value === cell.textContent ? '' : cell.textContent;
    tables.forEach(draw);
  });
  search.addEventListener('input', () => tables.forEach(draw));
  window.addEventListener('beforeprint', () => {
    if (search.value !== '') for (const one of tables) show(one, Infinity);
  });
  search.parentElement.hidden = false;
})();
