// A matrix of weights as cells: blue, the paper's colour at 0, orange. One cell is chosen.

import { between, drag, number, scale, set, svg, view } from "../base/page/svg.js";
import { onLetters } from "./marks.js";

const HEIGHT = 300;

/** The cell (row, column) at a place of a box; null outside. */
export function cellAt(x, y, box, rows, columns) {
  const column = Math.floor(((x - box.x) / box.width) * columns);
  const row = Math.floor(((y - box.y) / box.height) * rows);
  return row < 0 || column < 0 || row >= rows || column >= columns ? null : [row, column];
}

/** The next cell by a key; null for any other key. */
export function moved([row, column], key, rows, columns) {
  const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
  return by && [(row + by[0] + rows) % rows, (column + by[1] + columns) % columns];
}

export default view(({ element, touch }) => {
  const image = svg("image", { preserveAspectRatio: "none", class: "lcm-map-image" });
  const frame = svg("rect", { class: "lcm-frame" });
  const mark = svg("rect", { class: "lcm-ring lcm-always" });
  const title = svg("text", { class: "lcm-plot-title" }), foot = svg("text");
  const root = svg("svg", { tabindex: 0, class: "lcm-picture", role: "application" }, title, image, frame, mark, foot);
  element.append(root);
  let data = null, box = { x: 0, y: 0, width: 1, height: 1 }, cell = [0, 0];

  function place() {
    const rows = data.values.length, columns = data.values[0].length;
    const [w, h] = [box.width / columns, box.height / rows];
    set(mark, { x: box.x + cell[1] * w - 2, y: box.y + cell[0] * h - 2, width: w + 4, height: h + 4 });
    const value = data.values[cell[0]]?.[cell[1]];
    foot.textContent = `row ${cell[0]}, column ${cell[1]}: ${number(value)}`;
    root.setAttribute("aria-label", `${data.title}. ${foot.textContent}. Arrow keys choose a weight.`);
  }
  const choose = (found) => {
    if (!found || (found[0] === cell[0] && found[1] === cell[1])) return;
    cell = found;
    place();
    touch({ row: cell[0], column: cell[1] });
  };
  const pointed = (x, y) => choose(cellAt(x, y, box, data.values.length, data.values[0].length));
  drag(root, { start: (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(root.getScreenCTM().inverse());
    pointed(point.x, point.y);
  }, move: pointed });
  root.addEventListener("keydown", (event) => {
    if (!data || event.ctrlKey || event.metaKey || event.altKey) return;
    const found = moved(cell, event.key, data.values.length, data.values[0].length);
    if (found) { event.preventDefault(); choose(found); }
  });

  let last = null;
  const self = {
    end: onLetters(element, () => last && self.show(...last)),
    show(next, width) {
      data = next;
      if (!data.values) return;
      last = [next, width];
      const letters = parseFloat(getComputedStyle(root).fontSize) || 12, line = Math.round(letters * 1.5);
      const rows = data.values.length, columns = data.values[0].length;
      box = { x: 2, y: line + 4, width: width - 4, height: HEIGHT };
      const height = HEIGHT + 2 * line + 10;
      set(root, { height, viewBox: `0 0 ${width} ${height}` });
      for (const part of [image, frame]) set(part, box);
      set(title, { y: letters });
      set(foot, { y: HEIGHT + 2 * line + 2 });
      title.textContent = data.title;
      const canvas = document.createElement("canvas"), colours = scale(root, "signed");
      canvas.width = columns;
      canvas.height = rows;
      const pen = canvas.getContext("2d");
      const largest = data.largest || 1;
      data.values.forEach((row, i) => row.forEach((value, j) => {
        pen.fillStyle = between(colours, 0.5 + value / largest / 2);
        pen.fillRect(j, i, 1, 1);
      }));
      image.setAttribute("href", canvas.toDataURL());
      cell = [Math.min(data.row, rows - 1), Math.min(data.column, columns - 1)];
      place();
    },
  };
  return self;
});
