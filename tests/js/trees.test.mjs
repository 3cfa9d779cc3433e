// Where trees, states and graphs are drawn, and what keys and drags lead to.

import assert from "node:assert/strict";
import test from "node:test";
import {
  brackets, fitted, keysOf, neighbour, nodeAtGap, played, real, reordered, shapeOf, shifted, shortly,
} from "../../lcm_core/widgets/trees/tree_layout.js";
import { halves, inkOn, painter, written } from "../../lcm_core/widgets/trees/tree_face.js";
import { bondLines, edgeLines, inBox, insideOf, leastDistance, towards } from "../../lcm_core/widgets/base/page/graph_layout.js";

const LEFT = [[0, 1], [4, 2], [5, 3]]; // (((a b) c) d)
const BALANCED = [[0, 1], [2, 3], [4, 5]];
const CROSSED = [[2, 0], [3, 1]]; // ((c a) b): leaves in another order than their numbers

test("a parent is one level above the higher child, over the gap between the two", () => {
  const left = shapeOf(LEFT);
  assert.deepEqual(left.height, [0, 0, 0, 0, 1, 2, 3]);
  assert.deepEqual(left.x, [0, 1, 2, 3, 0.5, 1.5, 2.5]);
  assert.deepEqual([left.n, left.count, left.depth], [4, 7, 3]);
  const crossed = shapeOf(CROSSED);
  assert.deepEqual(crossed.leaves, [2, 0, 1]);
  assert.deepEqual(crossed.x, [1, 2, 0, 0.5, 1.5]);
  assert.deepEqual([crossed.first[3], crossed.last[3]], [0, 1]);
});

test("one leaf is a tree", () => {
  const one = shapeOf([]);
  assert.deepEqual([one.n, one.depth, one.leaves], [1, 0, [0]]);
  for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]) assert.equal(neighbour(one, 0, key), 0);
});

test("arrow keys go to children and parents, and among leaves or among inner nodes", () => {
  const tree = shapeOf(BALANCED);
  assert.equal(neighbour(tree, 0, "ArrowRight"), 1);
  assert.equal(neighbour(tree, 3, "ArrowRight"), 3);
  assert.equal(neighbour(tree, 0, "ArrowUp"), 4);
  assert.equal(neighbour(tree, 6, "ArrowUp"), 6);
  assert.equal(neighbour(tree, 6, "ArrowDown"), 4);
  assert.equal(neighbour(tree, 4, "ArrowRight"), 6);
  assert.equal(neighbour(tree, 6, "ArrowRight"), 5);
  assert.equal(neighbour(tree, 5, "ArrowRight"), 5);
  assert.equal(neighbour(tree, 2, "Home"), 0);
  assert.equal(neighbour(tree, 5, "End"), 3);
  assert.deepEqual([0, 1, 2].map((gap) => nodeAtGap(tree, gap)), [4, 6, 5]);
});

test("a leaf that moves pushes the others aside", () => {
  assert.deepEqual(shifted(["a", "b", "c", "d"], 0, 2), ["b", "c", "a", "d"]);
  assert.deepEqual(shifted(["a", "b", "c", "d"], 3, 1), ["a", "d", "b", "c"]);
  assert.deepEqual(reordered(shapeOf(BALANCED), [3, 1, 0, 2], 0, 3), [1, 0, 2, 3]);
  // leaves stand as c, a, b: the element of leaf c moves from the left end to the right end
  assert.deepEqual(reordered(shapeOf(CROSSED), [10, 11, 12], 0, 2), [11, 12, 10]);
});

test("leaves keep their names from one order to the next, nodes from one tree to the next", () => {
  assert.deepEqual(keysOf(shapeOf(BALANCED), [2, 0, 1, 3]), ["e2", "e0", "e1", "e3", "0-1", "2-3", "0-3"]);
  assert.deepEqual(keysOf(shapeOf(LEFT), [0, 1, 2, 3]).slice(4), ["0-1", "0-2", "0-3"]);
});

test("brackets are written, and shortened in the middle", () => {
  assert.equal(brackets(shapeOf(LEFT), ["a", "b", "c", "d"]).at(-1), "(((a b) c) d)");
  const names = Array.from({ length: 40 }, (_, i) => `name${i}`);
  const chain = Array.from({ length: 39 }, (_, i) => [i ? 39 + i : 0, i + 1]);
  const text = brackets(shapeOf(chain), names).at(-1);
  assert.ok(text.length <= 63 && text.includes(" … "));
});

const BOX = { letter: 7.2, width: 860, height: 312 };

const chain = (n) => shapeOf(Array.from({ length: n - 1 }, (_, i) => [i ? n + i - 1 : 0, i + 1]));

function level(n) {
  let row = Array.from({ length: n }, (_, i) => i), next = n;
  const made = [];
  while (row.length > 1) {
    const above = [];
    for (let i = 0; i + 1 < row.length; i += 2) { made.push([row[i], row[i + 1]]); above.push(next++); }
    if (row.length % 2) above.push(row.at(-1));
    row = above;
  }
  return shapeOf(made);
}

const letters = (tree) => new Array(tree.depth + 1).fill(4);

function kinds(tree, cells, width = 860) {
  const fits = fitted(tree, { ...BOX, width, cells, letters: letters(tree) });
  return [fits[0], fits.at(-1)].map((fit) => (fit.text ? "numbers" : fit.kind));
}

test("numbers are written where there is room; then come cells, columns and dots", () => {
  assert.deepEqual(kinds(level(5), 1), ["numbers", "numbers"]);
  assert.deepEqual(kinds(level(4), 4), ["numbers", "numbers"]);
  assert.deepEqual(kinds(level(8), 16), ["row", "numbers"]);
  const written = (n) => fitted(level(n), { ...BOX, width: 860, cells: 4, letters: letters(level(n)) }).map((fit) => fit.text);
  assert.deepEqual(written(4), [true, true, true]); // all of them, or the answer alone
  assert.deepEqual(written(8), [false, false, false, true]);
  const compared = fitted(level(8), { ...BOX, width: 860, cells: 4, letters: letters(level(8)), alone: false });
  assert.ok(compared.every((fit) => !fit.text)); // the other root may have no room for numbers
  assert.deepEqual(kinds(level(128), 4), ["column", "numbers"]); // the answer can be read
  assert.deepEqual(kinds(chain(128), 4), ["dot", "dot"]);
  assert.deepEqual(kinds(level(40), 1), ["dot", "numbers"]);
  // short numbers among the leaves, long ones above: cells there, but all features
  const fits = fitted(level(4), { ...BOX, width: 310, cells: 4, letters: [1, 5, 5] });
  assert.deepEqual(fits.map((fit) => [fit.kind, fit.text]), [["row", true], ["row", false], ["row", true]]);
});

test("no two states overlap, and all stay in the box, whatever the tree and the width", () => {
  for (const n of [1, 2, 3, 5, 8, 16, 33, 64, 128])
    for (const tree of [chain(n), level(n)])
      for (const cells of [1, 2, 4, 16])
        for (const width of [300, 430, 860, 1100]) {
          const fits = fitted(tree, { ...BOX, width, cells, letters: letters(tree) });
          const states = tree.x.map((x, node) => {
            const fit = fits[tree.height[node]];
            return [fit.left + x * fit.room, fit.bottom - tree.height[node] * fit.rise, ...halves(fit, cells)];
          });
          const what = JSON.stringify({ n, cells, width, depth: tree.depth, fits: fits.slice(0, 3) });
          for (const [x, y, wide, tall] of states) {
            assert.ok(x - wide >= 0 && x + wide <= width, what);
            assert.ok(y - tall >= 0 && y + tall <= BOX.height, what);
          }
          if (fits[0].kind === "dot") continue; // dots of a long chain may touch
          states.forEach(([x, y, wide, tall], i) => {
            for (const [u, v, otherWide, otherTall] of states.slice(0, i))
              assert.ok(Math.abs(x - u) >= wide + otherWide - 1e-6 || Math.abs(y - v) >= tall + otherTall - 1e-6, what);
          });
        }
});

test("a reduction is played from its level to its end, with a rest at each level", () => {
  assert.equal(played(0, 3, 0), 0);
  assert.equal(played(0, 3, 200), 0); // at rest
  assert.ok(played(0, 3, 600) > 0.5 && played(0, 3, 600) < 1);
  assert.equal(played(1, 3, 750), 2);
  assert.equal(played(0, 3, 1e6), 3);
  assert.equal(played(0, 127, 8001), 127);
  let before = 0;
  for (let t = 0; t < 9000; t += 16) { const now = played(0, 7, t); assert.ok(now >= before); before = now; }
});

test("what is not finite has a word, and a small number is not 0", () => {
  assert.deepEqual([real("inf"), real("-inf"), real(2)], [Infinity, -Infinity, 2]);
  assert.ok(Number.isNaN(real("nan")));
  assert.deepEqual(written([0.03127, -0.12345, 12, Infinity, 1.234e-9]), ["0.03", "−0.12", "12", "∞", "0.00"]);
  assert.deepEqual(written([-0.12345]), ["−0.123"]);
  assert.equal(shortly(0), "0");
});

test("a number in a cell can be read on every colour of its scale", () => {
  const light = ["#00466f", "#5ba3cf", "#ffffff", "#eda349", "#8a4b00"], dark = ["#b5dcf5", "#2f7fb3", "#111111", "#b36b00", "#ffd494"];
  const share = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  for (const colours of [light, dark])
    for (let value = -1; value <= 1; value += 0.05) {
      const colour = painter(colours, -1, 1)(value), [r, g, b] = colour.match(/\d+/g).map(Number).map(share);
      const bright = 0.2126 * r + 0.7152 * g + 0.0722 * b, ink = inkOn(colour) === "#ffffff" ? 1 : 0;
      const contrast = (Math.max(bright, ink) + 0.05) / (Math.min(bright, ink) + 0.05);
      assert.ok(contrast >= 4.5, `${colour}: ${contrast}`);
    }
  assert.equal(painter(light, -1, 1)(Infinity), null);
});

test("a graph fills its box, a molecule keeps its angles", () => {
  const square = [[0, 0], [1, 0], [1, 1], [0, 1]];
  assert.deepEqual(inBox(square, 300, 200, 20, false), [[20, 20], [280, 20], [280, 180], [20, 180]]);
  const kept = inBox(square, 300, 200, 20, true);
  assert.equal(kept[1][0] - kept[0][0], kept[3][1] - kept[0][1]);
  assert.deepEqual(inBox([[5, 5]], 300, 200, 20, true), [[150, 100]]);
  assert.equal(leastDistance([[0, 0], [3, 4], [30, 40]]), 5);
  assert.equal(leastDistance([[0, 0]]), Infinity);
});

test("arrow keys go to the nearest node in their direction", () => {
  const places = [[0, 0], [10, 1], [50, 0], [0, 10]];
  assert.equal(towards(places, 0, "ArrowRight"), 1);
  assert.equal(towards(places, 1, "ArrowRight"), 2);
  assert.equal(towards(places, 0, "ArrowDown"), 3);
  assert.equal(towards(places, 0, "ArrowLeft"), 0);
});

test("double bonds have a second line on the side of the ring, aromatic ones a dashed one", () => {
  assert.equal(bondLines([0, 0], [10, 0], 1, [0, 0], 3).length, 1);
  const [line, inner] = bondLines([0, 0], [10, 0], 1.5, [5, 8], 3);
  assert.deepEqual(line, [0, 0, 10, 0, false]);
  assert.ok(inner[1] === 3 && inner[4] === true);
  assert.equal(bondLines([0, 0], [10, 0], 2, [5, -8], 3)[1][1], -3);
  assert.equal(bondLines([0, 0], [10, 0], 3, [5, 8], 3).length, 3);
  assert.deepEqual(insideOf([[0, 0], [2, 0], [2, 2], [0, 2]], [[1, 3], [0, 2], [1, 3], [0, 2]], 0, 1), [1, 2]);
  const square = [[0, 0], [2, 0], [2, 2], [0, 2]], ring = [[0, 1], [1, 2], [2, 3], [3, 0]];
  assert.deepEqual(edgeLines(square, ring, undefined, 1)[1], [[2, 0, 2, 2, false]]);
  assert.equal(edgeLines(square, ring, [2, 1, 1, 1], 1)[0][1][1], 1);
});
