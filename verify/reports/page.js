"use strict";
// The table of operations: sorted by a click on a head, filtered by a word and by state.  Without it the table is static.
(() => {
  const table = document.querySelector("table.operations");
  const controls = document.querySelector(".controls");
  if (!table || !controls) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const word = controls.querySelector("input");
  const state = controls.querySelector("select");
  const shown = controls.querySelector("output");

  const filter = () => {
    const wanted = word.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      const fits = row.textContent.toLowerCase().includes(wanted);
      row.hidden = !(fits && (!state.value || row.dataset.state === state.value));
      count += !row.hidden;
    }
    shown.textContent = `${count} of ${rows.length} shown`;
  };

  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.rank ? cell.dataset.rank.padStart(3, "0") : cell.textContent.toLowerCase();
  };
  const sort = (head, column) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const keys = new Map(rows.map((row) => [row, key(row, column)]));
    rows.sort((a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : 0) * (up ? 1 : -1));
    body.append(...rows);
  };
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => sort(head, column));
  });

  word.addEventListener("input", filter);
  state.addEventListener("change", filter);
  controls.hidden = false;
  filter();
})();
