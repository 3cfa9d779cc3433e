// What stands above a plot: its title and the lines with their names, wrapped to the width.

import { set, svg, view } from "../base/page/svg.js";
import { DASHES, mark, onLetters } from "./marks.js";

const SWATCH = 26, SPACE = 14;

/** Places (x, row) of pieces of these widths, in rows no wider than `width`. */
export function wrapped(widths, width) {
  let x = 0, row = 0;
  return widths.map((own) => {
    if (x > 0 && x + own > width) { x = 0; row += 1; }
    const place = [x, row];
    x += own + SPACE;
    return place;
  });
}

const colour = (category) => (category === null ? "var(--lcm-ink)" : `var(--lcm-category-${category})`);

/** Entries without a name go before the next one, which names all of them. */
export function grouped(entries) {
  const groups = [[]];
  for (const entry of entries) {
    groups.at(-1).push(entry);
    if (entry.name) groups.push([]);
  }
  return groups.filter((group) => group.length);
}

function swatch({ category, dash, symbol, width }) {
  const own = colour(category);
  const line = svg("line", { x2: 20, style: `stroke:${own};stroke-width:${width}`, "stroke-dasharray": DASHES[dash] ?? "none" });
  const parts = [line];
  if (symbol)
    parts.push(svg("path", { d: mark(symbol, 3), transform: "translate(10,0)", style: `fill:${symbol === "x" ? "none" : own};stroke:${own};stroke-width:1.5` }));
  return parts;
}

export default view(({ element }) => {
  const root = svg("svg", { role: "img" });
  element.append(root);
  let last = null;
  const self = {
    end: onLetters(element, () => last && self.show(...last)),
    show(data, width) {
      if (!data.entries) return;
      last = [data, width];
      const letters = parseFloat(getComputedStyle(root).fontSize) || 12, row = Math.round(letters * 1.5);
      const title = svg("g", {}, svg("text", { class: "lcm-plot-title" }, data.title));
      const groups = grouped(data.entries);
      const entries = groups.map((group) => svg("g", {},
        ...group.map((entry, i) => svg("g", { transform: `translate(${i * SWATCH},${-letters / 3})` }, ...swatch(entry))),
        svg("text", { x: group.length * SWATCH }, group.at(-1).name)));
      root.replaceChildren(title, ...entries);
      const pieces = [title, ...entries];
      const widths = pieces.map((piece, i) =>
        piece.querySelector("text").getComputedTextLength() + (i ? groups[i - 1].length * SWATCH : 0));
      const places = wrapped(widths, width);
      places.forEach(([x, line], i) => set(pieces[i], { transform: `translate(${x},${letters + line * row})` }));
      const height = row * (1 + Math.max(...places.map((place) => place[1])));
      set(root, { height, viewBox: `0 0 ${width} ${height}`, "aria-label": `${data.title}: ${groups.map((group) => group.at(-1).name).join(", ")}` });
    },
  };
  return self;
});
