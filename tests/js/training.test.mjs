// The parts of the training panel's views that need no page.

import assert from "node:assert/strict";
import test from "node:test";
import { DASHES, mark } from "../../lcm_core/widgets/training/marks.js";
import { grouped, wrapped } from "../../lcm_core/widgets/training/plot_head.js";
import { FULL, blend, fitted, twoLines, keyed, project, shade, tiles, web } from "../../lcm_core/widgets/training/picture_view.js";
import { cellAt, moved } from "../../lcm_core/widgets/training/weights_view.js";

test("a legend wraps before it is wider than its plot", () => {
  assert.deepEqual(wrapped([50, 40, 40], 1000).map(([, row]) => row), [0, 0, 0]);
  const widths = [50, 90, 120, 30, 200];
  for (const width of [210, 260, 400]) {
    wrapped(widths, width).forEach(([x], i) => assert.ok(x === 0 || x + widths[i] <= width));
  }
  assert.deepEqual(wrapped([300, 300], 100), [[0, 0], [0, 1]]); // too long for any row: its own
});

test("every line style and mark is drawn", () => {
  assert.deepEqual(Object.keys(DASHES), ["solid", "dash", "dot", "dashdot"]);
  const shapes = ["circle", "square", "diamond", "triangle", "cross", "x"].map((name) => mark(name));
  assert.equal(new Set(shapes).size, 6);
  for (const shape of shapes) assert.match(shape, /^M[-\d.,A-Z]+$/);
});

test("pictures of a race lie side by side, without overlap and within the box", () => {
  for (const count of [1, 2, 3, 4]) {
    const frames = tiles(count, 400, 300);
    assert.equal(frames.length, count);
    frames.forEach((one, i) => {
      assert.ok(one.x >= 0 && one.y >= 0 && one.x + one.width <= 400 && one.y + one.height <= 300);
      for (const other of frames.slice(0, i))
        assert.ok(one.x >= other.x + other.width || other.x >= one.x + one.width
          || one.y >= other.y + other.height || other.y >= one.y + one.height);
    });
  }
});

test("a solid that is turned once around is as before, and nearer is larger", () => {
  const places = [[1, 0, 0], [0, 1, 0], [0, -1, 0.5]];
  const [one, again] = [project(places, 0, 0), project(places, 360, 0)];
  one.flat().forEach((value, i) => assert.ok(Math.abs(value - again.flat()[i]) < 1e-9));
  const [near, far] = project([[0.5, -1, 0], [0.5, 1, 0]], 0, 0);
  assert.ok(near[2] > far[2] && near[0] > far[0]);
});

test("a movement leads from one picture to the next", () => {
  assert.deepEqual(blend([0, 10], [10, 0], 0.5), [5, 5]);
  assert.deepEqual(blend([0, 10], [10, 0], 1), [10, 0]);
  assert.equal(web([[0, 0], [3, 4]], [[0, 1]]), "M0.0,0.0L3.0,4.0");
});

test("keys choose a bracketing, turn the solid, and nothing else", () => {
  const state = { chosen: 0, turn: 0, tilt: 0 };
  assert.equal(keyed(state, "ArrowLeft", false, 14).chosen, 13);
  assert.equal(keyed({ ...state, chosen: 13 }, "ArrowRight", false, 14).chosen, 0);
  assert.equal(keyed(state, "End", false, 14).chosen, 13);
  assert.equal(keyed(state, "ArrowLeft", true, 14).turn, 350);
  assert.equal(keyed({ ...state, tilt: 85 }, "ArrowUp", false, 14).tilt, 90);
  assert.equal(keyed(state, "a", false, 14), null);
  const untouched = { ...state, chosen: null }; // the first is shown, and nothing is chosen
  assert.equal(keyed(untouched, "ArrowRight", false, 14).chosen, 1);
  assert.equal(keyed(untouched, "ArrowUp", false, 14).chosen, null);
});

test("no error has the paper's colour, and a large one, or infinity, the darkest", () => {
  assert.equal(shade(0), 0);
  assert.equal(shade(FULL), 1);
  assert.ok(shade(0.1) < shade(0.2));
  assert.equal(shade(7), 1);
  assert.equal(shade("inf"), 1);
});

test("a long name is cut", () => {
  assert.equal(fitted("short", 10), "short");
  assert.equal(fitted("a rather long name", 8), "a rathe…");
});

test("lines without a name stand before the name that is theirs, too", () => {
  const entries = ["one", "", "", "others"].map((name) => ({ name }));
  assert.deepEqual(grouped(entries).map((group) => group.map((entry) => entry.name)), [["one"], ["", "", "others"]]);
  assert.deepEqual(grouped([]), []);
});

test("a title takes two lines before it is cut", () => {
  assert.deepEqual(twoLines("", 8), []);
  assert.deepEqual(twoLines("short", 8), ["short"]);
  assert.deepEqual(twoLines("1 symmetrized_gru @750 associativity=1", 30), ["1 symmetrized_gru @750", "associativity=1"]);
  assert.deepEqual(twoLines("unbreakable_name", 8), ["unbreak…"]);
  assert.deepEqual(twoLines("one two three four", 8), ["one two", "three f…"]);
});

test("a place in the matrix is a cell, and arrows go around", () => {
  const box = { x: 10, y: 10, width: 100, height: 50 };
  assert.deepEqual(cellAt(10, 10, box, 5, 10), [0, 0]);
  assert.deepEqual(cellAt(109, 59, box, 5, 10), [4, 9]);
  assert.equal(cellAt(5, 20, box, 5, 10), null);
  assert.deepEqual(moved([0, 0], "ArrowUp", 5, 10), [4, 0]);
  assert.equal(moved([0, 0], "x", 5, 10), undefined);
});
