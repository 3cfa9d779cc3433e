// The pure parts of the law explorer's pictures, under Node.

import assert from "node:assert/strict";
import { test } from "node:test";

import { endsOf, sortedRows, ticksOf } from "../../lcm_core/widgets/laws/compare_view.js";
import { edgesOf, pixelAfter, pixelAt } from "../../lcm_core/widgets/laws/map_view.js";
import { amount, partsOf } from "../../lcm_core/widgets/laws/pair_view.js";
import { columnsOf, dotsOf, frameOf, reachOf, stepped, within } from "../../lcm_core/widgets/laws/planes.js";

test("columns share the width without overlap", () => {
  for (const width of [300, 600, 1120]) for (const count of [1, 2, 3, 4]) {
    const columns = columnsOf(count, width), last = columns.at(-1);
    assert.equal(columns.length, count);
    assert.ok(columns[0].left > 0 && last.left + last.width < width && width - last.left - last.width < 2);
    columns.slice(1).forEach((each, i) => assert.ok(each.left > columns[i].left + columns[i].width));
  }
});

test("a frame maps a plane to a rectangle and back", () => {
  const frame = frameOf(10, 20, 200, 100, [3, 2]);
  assert.deepEqual(frame.place([0, 0]), [110, 70]);
  assert.deepEqual(frame.place([-3, 2]), [10, 20]);
  const [u, v] = frame.point(...frame.place([1.25, -0.5]));
  assert.ok(Math.abs(u - 1.25) < 1e-9 && Math.abs(v + 0.5) < 1e-9);
});

test("one unit is as long across as up, and an outlier does not shrink the rest", () => {
  const cloud = Array.from({ length: 200 }, (_, i) => [Math.cos(i) * 2, Math.sin(i) * 3]);
  for (const places of [cloud, [...cloud, [1e6, 0]]]) {
    const [across, up] = reachOf(places, 300, 100);
    assert.ok(across >= 2 && up >= 3 && up < 4);
    assert.ok(Math.abs(300 / across - 100 / up) < 1e-9);
  }
  assert.ok(reachOf([], 100, 100).every((each) => each > 0));
  assert.ok(reachOf([["nan", NaN], [0, 0]], 100, 100).every((each) => each > 0));
});

test("what lies outside a frame is shown at its edge", () => {
  const frame = frameOf(10, 20, 100, 50, [1, 1]);
  assert.deepEqual(within([0, 999], frame, 5), [15, 65]);
  assert.deepEqual(within([50, 50], frame, 5), [50, 50]);
});

test("dots outside a frame, or nowhere, are not drawn", () => {
  const frame = frameOf(0, 0, 100, 100, [1, 1]);
  assert.equal(dotsOf([[0, 0], [5, 0], ["nan", 0], ["inf", 0]], frame), "M50.0 50.0h0");
});

test("arrow keys move a point, and not out of the plane", () => {
  assert.deepEqual(stepped([0, 0], "ArrowRight", false, 3), [0.1, 0]);
  assert.deepEqual(stepped([0, 0], "ArrowUp", true, 3), [0, 0.5]);
  assert.deepEqual(stepped([-3, 3], "ArrowLeft", true, 3), [-3, 3]);
  assert.equal(stepped([0, 0], "Enter", false, 3), null);
});

test("every point of a map belongs to the nearest pixel", () => {
  const us = Array.from({ length: 31 }, (_, i) => -3 + 0.2 * i);
  us.forEach((u, i) => assert.deepEqual(pixelAt([u + 0.09, -u], us, us), [30 - i, i]));
  assert.deepEqual(pixelAt([99, -99], us, us), [0, 30]);
  assert.deepEqual(pixelAt([0, 2], us, [0]), [0, 15]);
  const [across, up] = edgesOf(us, us);
  assert.ok(Math.abs(across - 3.1) < 1e-9 && Math.abs(up - 3.1) < 1e-9);
});

test("keys move the mark from pixel to pixel", () => {
  assert.deepEqual(pixelAfter([15, 15], "ArrowUp", false, 31, 31), [16, 15]);
  assert.deepEqual(pixelAfter([15, 15], "ArrowLeft", true, 31, 31), [15, 10]);
  assert.deepEqual(pixelAfter([15, 15], "Home", false, 31, 31), [15, 0]);
  assert.deepEqual(pixelAfter([0, 30], "ArrowRight", false, 1, 31), [0, 30]);
  assert.equal(pixelAfter([0, 0], "a", false, 31, 31), null);
});

test("the parts of a column lie below or beside each other, within their height", () => {
  for (const width of [115, 299, 300, 560, 1120]) for (const line of [16, 23]) {
    const { states, results, ruler, bar, height } = partsOf({ left: 7, width }, line);
    const below = results.top >= states.top + states.height, beside = results.left >= states.left + states.width;
    assert.ok(below || beside);
    assert.ok(results.left + results.width <= 7 + width + 1e-9);
    assert.ok(ruler >= results.top + results.height && height > ruler);
    assert.ok(bar.width > 40 && bar.left + bar.width <= 7 + width);
  }
});

test("an amount of rounding is 0", () => {
  assert.equal(amount(0, 1e-5), "0 s");
  assert.equal(amount(3e-8, 1e-5), "0 s");
  assert.equal(amount(0.63249, 1e-5), "0.632 s");
  assert.equal(amount(NaN, 1e-5), "not a number");
});

test("rows are sorted, and what has no value comes last", () => {
  const rows = [{ name: "run 10", score: 0.5 }, { name: "run 9", score: null }, { name: "run 2", score: 0.9 }];
  const names = (by, down) => sortedRows(rows, by, down).map((row) => row.name);
  assert.deepEqual(names("score", true), ["run 2", "run 10", "run 9"]);
  assert.deepEqual(names("score", false), ["run 10", "run 2", "run 9"]);
  assert.deepEqual(names("name", false), ["run 2", "run 9", "run 10"]);
});

test("ticks are round numbers within the axis", () => {
  assert.deepEqual(ticksOf(0, 1), [0, 0.5, 1]);
  assert.deepEqual(ticksOf(0.93, 1.01), [0.94, 0.96, 0.98, 1]);
  assert.deepEqual(ticksOf(2, 2), [2]);
  const [low, high] = endsOf([0.2, 0.4, NaN], false);
  assert.ok(low < 0.2 && high > 0.4);
  assert.deepEqual(endsOf([], true), [0, 1]);
  assert.ok(endsOf([0.5, 0.5], false)[0] < 0.5);
});
