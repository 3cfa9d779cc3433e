// Trained operators as dots, score over associativity error, beside a table that can be sorted.

import { between, html, number, scale, set, svg, view } from "../base/page/svg.js";
import { box, frameOf, lineHeight } from "./planes.js";

const COLUMNS = ["name", "score", "associativity", "commutativity", "step"];
const HEIGHT = 300;

/** The rows in the order of a column; what has no value comes last. */
export function sortedRows(rows, by, down) {
  const missing = (value) => value === null || value === undefined || Number.isNaN(Number(value)) && by !== "name";
  return [...rows].sort((one, other) => {
    const [a, b] = [one[by], other[by]];
    if (missing(a) || missing(b)) return missing(a) - missing(b);
    const order = by === "name" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
    return down ? -order : order;
  });
}

/** Round numbers from `low` to `high`, about `count` of them. */
export function ticksOf(low, high, count = 4) {
  if (!(high > low)) return [low];
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high * (1 + 1e-9) + 1e-12; k++) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

/** The ends of an axis that shows all values; from 0 on if `zero`. */
export function endsOf(values, zero) {
  const known = values.filter(Number.isFinite);
  if (!known.length) return [0, 1];
  const low = zero ? 0 : Math.min(...known), high = Math.max(...known);
  const pad = (high - low || Math.abs(high) || 1) * 0.08;
  return [zero ? 0 : low - pad, high + pad];
}

export default view(({ element, touch, model }) => {
  const around = element.appendChild(html("div", { class: "lcm-compare" }));
  const picture = around.appendChild(svg("svg", { role: "img" }));
  const table = around.appendChild(html("div", { class: "lcm-compare-table" }));

  const point = (name) => {
    for (const dot of picture.querySelectorAll(".lcm-compare-dot"))
      dot.classList.toggle("lcm-compare-pointed", dot.dataset.name === name);
  };
  table.addEventListener("focusin", (event) => point(event.target.dataset.key)); // keys go through the table
  table.addEventListener("focusout", () => point(null));

  const told = (change) => touch({ ...model.get("value"), ...change });

  let width = 0;
  const draw = () => {
    const data = model.get("data"), value = model.get("value"), rows = data.rows ?? [];
    const beside = width >= 720, share = beside ? Math.round(width * 0.46) : width;
    around.classList.toggle("lcm-compare-beside", beside);
    table.style.maxHeight = `${beside ? HEIGHT : 220}px`;
    around.hidden = !rows.length;
    const chosen = value.name || data.chosen;
    drawDots(picture, data, rows, chosen, share, (name) => told({ name }), element);
    drawTable(table, data, sortedRows(rows, value.sort, value.down), chosen, value, told);
  };
  model.on("change:value", draw);
  return {
    show: (_, now) => { width = now; draw(); },
    end: () => model.off("change:value", draw),
  };
});

function drawDots(picture, data, rows, chosen, width, choose, element) {
  set(picture, {
    viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT,
    "aria-label": `${data.metric} over the error of associativity of ${rows.length} operators; the table has the numbers`,
  });
  picture.replaceChildren();
  const line = lineHeight(picture);
  const [xs, ys] = [endsOf(rows.map((row) => row.associativity), true), endsOf(rows.map((row) => row.score ?? NaN), false)];
  const frame = frameOf(3.6 * line, 1.6 * line, width - 4.4 * line, HEIGHT - 4.4 * line, [1, 1]);
  const at = (row) => [
    frame.left + (frame.width * (row.associativity - xs[0])) / (xs[1] - xs[0]),
    frame.top + frame.height * (1 - ((row.score ?? ys[0]) - ys[0]) / (ys[1] - ys[0])),
  ];
  picture.append(box(frame));
  for (const tick of ticksOf(...xs)) {
    const [x] = at({ associativity: tick, score: ys[0] });
    picture.append(svg("line", { x1: x, x2: x, y1: frame.top, y2: frame.top + frame.height, class: "lcm-compare-grid" }));
    picture.append(svg("text", { x, y: frame.top + frame.height + 1.1 * line, "text-anchor": "middle", class: "lcm-soft" }, number(tick)));
  }
  for (const tick of ticksOf(...ys)) {
    const [, y] = at({ associativity: xs[0], score: tick });
    picture.append(svg("line", { x1: frame.left, x2: frame.left + frame.width, y1: y, y2: y, class: "lcm-compare-grid" }));
    picture.append(svg("text", { x: frame.left - 6, y: y + 0.3 * line, "text-anchor": "end", class: "lcm-soft" }, number(tick)));
  }
  picture.append(svg("text", { x: 0, y: line }, data.metric));
  picture.append(svg("text", { x: frame.left + frame.width, y: HEIGHT - 0.5 * line, "text-anchor": "end" }, "error of associativity, in s"));
  const colours = scale(element, "error"), most = Math.max(1, ...rows.map((row) => row.commutativity));
  const last = (row) => (row.name === chosen ? 1 : 0);
  for (const row of [...rows].sort((a, b) => last(a) - last(b))) {
    const [x, y] = at(row);
    const dot = svg("circle", { cx: x, cy: y, r: 8, class: `lcm-compare-dot${last(row) ? " lcm-compare-chosen" : ""}`, "data-name": row.name, fill: between(colours, row.commutativity / most) },
      svg("title", {}, `${row.name}: ${said(data, row, "score")}, associativity ${said(data, row, "associativity")}, commutativity ${said(data, row, "commutativity")}`));
    dot.addEventListener("click", () => choose(row.name));
    picture.append(dot);
    if (!last(row)) continue;
    const right = x < frame.left + frame.width / 2;
    picture.append(svg("text", { x: right ? x + 14 : x - 14, y: y + 0.33 * line, "text-anchor": right ? "start" : "end", class: "lcm-compare-name" }, row.name));
  }
}

function drawTable(table, data, rows, chosen, value, told) {
  const focused = table.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const head = html("tr", {}, ...COLUMNS.map((column) => {
    const sorted = value.sort === column, arrow = sorted ? (value.down ? " ↓" : " ↑") : "";
    const knob = html("button", { type: "button", "data-key": `by ${column}` }, (column === "score" ? data.metric ?? column : column === "name" ? "operator" : column) + arrow);
    knob.onclick = () => told({ sort: column, down: sorted ? !value.down : column === "score" || column === "step" });
    return html("th", { scope: "col", "aria-sort": sorted ? (value.down ? "descending" : "ascending") : "none" }, knob);
  }));
  const index = Math.max(0, rows.findIndex((row) => row.name === chosen));
  const body = rows.map((row, i) => {
    const knob = html("button", { type: "button", "data-key": row.name, tabindex: i === index ? 0 : -1, "aria-pressed": row.name === chosen }, row.name);
    knob.onclick = () => told({ name: row.name });
    knob.onkeydown = (event) => {
      const next = { ArrowDown: i + 1, ArrowUp: i - 1, Home: 0, End: rows.length - 1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      table.querySelectorAll("td button, th[scope=row] button")[next]?.focus();
    };
    const line = html("tr", { class: row.name === chosen ? "lcm-compare-row" : "" }, html("th", { scope: "row" }, knob),
      ...COLUMNS.slice(1).map((column) => html("td", {}, said(data, row, column))));
    line.addEventListener("click", (event) => { if (event.target !== knob) told({ name: row.name }); });
    return line;
  });
  table.replaceChildren(html("table", { class: "lcm-table" }, html("thead", {}, head), html("tbody", {}, ...body)));
  if (focused !== null) [...table.querySelectorAll("button")].find((each) => each.dataset.key === focused)?.focus();
}

function said(data, row, column) {
  const value = row[column];
  if (value === null || value === undefined) return "–";
  if (column === "step") return String(value);
  const small = (column === "associativity" || column === "commutativity") && Math.abs(value) <= data.rounding;
  return small ? "0" : number(Number(value));
}
