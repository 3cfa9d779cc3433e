// Where a tree and its states are drawn: functions of plain data, without a page.

import { number } from "../base/page/svg.js";

/** Below these sizes (pixels) cells cannot be told apart, and a state is one dot. */
const LEAST_CELL = 5, LEAST_STACKED = 2.5, LEAST_RISE = 11;
const GAP = 8; // between stacked states
const LARGEST_CELL = 22, LARGEST_DOT = 9, HIGHEST_RISE = 130;

/**
 * A full binary tree: leaves are 0 … n − 1, `children[i]` are those of node n + i, the root is last.
 * A slot is a place among the leaves from left to right; `first` and `last` are the slots below a
 * node, and a parent stands above the gap between those of its children, so that no edges cross.
 */
export function shapeOf(children) {
  const n = children.length + 1, count = 2 * n - 1;
  const parent = new Array(count).fill(-1), height = new Array(count).fill(0);
  children.forEach(([left, right], i) => {
    parent[left] = parent[right] = n + i;
    height[n + i] = 1 + Math.max(height[left], height[right]);
  });
  const leaves = [], stack = [count - 1];
  while (stack.length) {
    const node = stack.pop();
    if (node < n) leaves.push(node);
    else stack.push(children[node - n][1], children[node - n][0]);
  }
  const first = new Array(count), last = new Array(count), x = new Array(count);
  leaves.forEach((leaf, slot) => { first[leaf] = last[leaf] = x[leaf] = slot; });
  children.forEach(([left, right], i) => {
    first[n + i] = first[left];
    last[n + i] = last[right];
    x[n + i] = (last[left] + first[right]) / 2;
  });
  return { n, count, children, parent, height, leaves, first, last, x, depth: height[count - 1] };
}

/**
 * How the states of a tree are drawn in a box of `width` × `height` pixels: one answer for each
 * height of nodes, since higher ones have more room. Where the numbers of vectors do not fit into the
 * leaves, colours tell all states, and numbers the last one, too, if the tree is `alone`. Of trees that
 * are compared all states have numbers, or none: `letters` is then the longest number of all trees.
 *
 * `cells`: of a state; 1 if it is one number. `letters`: of the longest number at each height.
 * `letter`: pixels of one. An answer has `kind` ("row", "column" or "dot"), the size of a cell
 * (`wide`, `tall`), whether numbers are written into it (`text`), and, for all heights alike, the
 * room of a leaf, the rise of a level, and where the first leaf is (`left`, `bottom`).
 */
export function fitted(shape, { cells, letters, letter, width, height, alone = true }) {
  const { n, depth } = shape, line = 2.4 * letter, free = height - 2 * line; // without names and titles
  const room = Math.min((width - 12) / n, 200), left = (width - room * (n - 1)) / 2;
  const upright = (tall) => ({
    room, left, bottom: height - line - tall / 2, rise: Math.min((free - tall) / Math.max(depth, 1), HIGHEST_RISE),
  });
  const place = placeFor(upright, { cells, letters: letters[0], line, letter, room, free, depth });
  const spans = shape.height.reduce((least, h, node) => {
    const { x, first, last } = shape, aside = Math.min(x[node] - first[node], last[node] - x[node]);
    least[h] = Math.min(least[h] ?? Infinity, 1 + 2 * aside); // slots, about the node, that are its own
    return least;
  }, []);
  return spans.map((span, h) => {
    const across = 0.88 * span * room / cells, written = letters[h] * letter + 8;
    const told = cells === 1 || place.text || (alone && h === depth);
    const text = told && across >= written && place.rise >= line + 4;
    if (!text && !place.text) return place;
    if (!text) return { ...place, ...(cells === 1 ? dot(place) : coloured(across, place.rise)) };
    const wide = Math.min(Math.max(written, 2 * line), across), tall = Math.min(place.rise - 6, 1.4 * line);
    return { ...place, kind: "row", text: true, wide, tall };
  });
}

/** What there is room for among the leaves. */
function placeFor(upright, { cells, letters, line, letter, room, free, depth }) {
  const across = 0.88 * room / cells, written = upright(1.4 * line);
  if (across >= letters * letter + 8 && written.rise >= line + 4)
    return { ...written, kind: "row", text: true };
  const row = upright(LARGEST_CELL);
  if (cells > 1 && across >= LEAST_CELL && row.rise >= LEAST_RISE) return { ...row, ...coloured(across, row.rise) };
  const stacked = Math.min(8, (free - GAP * depth) / ((depth + 1) * cells));
  if (cells > 1 && stacked >= LEAST_STACKED && room >= LEAST_CELL)
    return { ...upright(stacked * cells), kind: "column", text: false, wide: Math.min(0.8 * room, 14), tall: stacked };
  const place = upright(2 * LARGEST_DOT);
  return { ...place, ...dot(place) };
}

/** A row of cells without numbers. */
function coloured(across, rise) {
  return { kind: "row", text: false, wide: Math.min(across, LARGEST_CELL), tall: Math.min(LARGEST_CELL, rise - 5) };
}

function dot({ room }) {
  const size = 2 * Math.min(LARGEST_DOT, Math.max(0.42 * room, 1.5));
  return { kind: "dot", text: false, wide: size, tall: size };
}

/** A list with the item at `from` moved to `to`. */
export function shifted(list, from, to) {
  const others = list.filter((_, i) => i !== from);
  return [...others.slice(0, to), list[from], ...others.slice(to)];
}

/** The order (an element for each leaf) after the leaf at slot `from` has moved to slot `to`. */
export function reordered(shape, order, from, to) {
  const after = [...order];
  shifted(shape.leaves.map((leaf) => order[leaf]), from, to).forEach((element, slot) => {
    after[shape.leaves[slot]] = element;
  });
  return after;
}

/** What a node is called from one drawing to the next: a leaf by its element, others by their slots. */
export function keysOf(shape, order) {
  return Array.from({ length: shape.count }, (_, node) =>
    node < shape.n ? `e${order[node]}` : `${shape.first[node]}-${shape.last[node]}`);
}

/** The inner node above the gap between two slots. */
export function nodeAtGap(shape, gap) {
  return shape.x.findIndex((x, node) => node >= shape.n && x === gap + 0.5);
}

/** The node that an arrow key leads to; itself if there is none. */
export function neighbour(shape, node, key) {
  const leaf = node < shape.n, slot = shape.x[node];
  if (key === "Home") return shape.leaves[0];
  if (key === "End") return shape.leaves.at(-1);
  if (key === "ArrowUp") return leaf || node !== shape.count - 1 ? Math.max(shape.parent[node], 0) : node;
  if (key === "ArrowDown") return leaf ? node : shape.children[node - shape.n][0];
  const step = key === "ArrowRight" ? 1 : -1;
  if (leaf) return shape.leaves[slot + step] ?? node;
  const found = nodeAtGap(shape, slot - 0.5 + step);
  return found < 0 ? node : found;
}

/** Each node as brackets, such as ((a b) c), shortened in the middle beyond `most` letters. */
export function brackets(shape, names, most = 60) {
  const texts = names.slice(0, shape.n);
  shape.children.forEach(([left, right]) => texts.push(`(${texts[left]} ${texts[right]})`));
  return texts.map((text) => (text.length <= most ? text : `${text.slice(0, most / 2)} … ${text.slice(-most / 2)}`));
}

/** How far a reduction is after `elapsed` ms: levels, each with a rest before its states rise. */
export function played(from, depth, elapsed) {
  const each = Math.min(750, 8000 / Math.max(depth, 1)), rest = each > 300 ? 0.4 : 0;
  const at = Math.min(from + elapsed / each, depth), done = Math.floor(at);
  return Math.min(depth, done + Math.max(0, (at - done - rest) / (1 - rest)));
}

/** A number from plain data, where what is not finite is a word. */
export function real(value) {
  return typeof value === "number" ? value : { inf: Infinity, "-inf": -Infinity }[value] ?? NaN;
}

/** At most two places after the point, for a cell among others; 0.00 is a small number that is not 0. */
export function shortly(value) {
  const text = number(value);
  if (text.length <= 4 || Math.abs(value) >= 1000) return text;
  const rounded = Math.round(100 * value) / 100;
  return rounded === 0 ? "0.00" : number(rounded);
}
