// The parts of the reorder and union explorers' views that need no page.

import assert from "node:assert/strict";
import test from "node:test";
import { movedTo, placeAfter, slotAt, slotsOf } from "../../lcm_core/widgets/reorder/list_layout.js";
import { boxAt, changed, chipsIn, cornersOf, moved } from "../../lcm_core/widgets/unions/square_layout.js";

test("slots stay within the width, in as many rows as they need", () => {
  for (const [count, width] of [[17, 1000], [17, 400], [3, 400], [1, 40], [40, 300]]) {
    const { slots, wide, high, height } = slotsOf(count, width, 10);
    assert.equal(slots.length, count);
    for (const [x, y] of slots) assert.ok(x - wide / 2 >= -1e-9 && x + wide / 2 <= width + 1e-9 && y > 10 && y < 10 + height);
    slots.forEach(([x, y], i) => slots.slice(0, i).forEach(([u, v]) =>
      assert.ok(Math.abs(x - u) >= wide - 1e-9 || Math.abs(y - v) >= high - 1e-9)));
    slots.forEach((place, i) => assert.equal(slotAt(slots, ...place), i));
  }
});

test("an element that is moved lets those between make room", () => {
  assert.deepEqual(movedTo([0, 1, 2, 3], 0, 2), [1, 2, 0, 3]);
  assert.deepEqual(movedTo([0, 1, 2, 3], 3, 0), [3, 0, 1, 2]);
  assert.deepEqual(movedTo([0, 1], 1, 1), [0, 1]);
});

test("keys mean places within the list", () => {
  assert.equal(placeAfter(0, "ArrowLeft", 5), 0);
  assert.equal(placeAfter(0, "ArrowRight", 5), 1);
  assert.equal(placeAfter(2, "End", 5), 4);
  assert.equal(placeAfter(2, "Home", 5), 0);
  assert.equal(placeAfter(2, "a", 5), null);
});

test("the corners of the square do not overlap, and their chips are inside", () => {
  for (const width of [400, 1100]) {
    const corners = cornersOf(width, 16), boxes = [...corners.sets, corners.union, ...corners.answers, corners.ends];
    boxes.forEach((box, i) => {
      assert.ok(box.x >= 0 && box.x + box.width <= width && box.y + box.height <= corners.height);
      for (const other of boxes.slice(0, i))
        assert.ok(box.x >= other.x + other.width || other.x >= box.x + box.width || box.y >= other.y + other.height || other.y >= box.y + box.height);
    });
    for (const [x] of chipsIn(corners.union, 6, 34)) assert.ok(x > corners.union.x && x < corners.union.x + corners.union.width);
    const { x, y, width: wide, height } = corners.sets[1];
    assert.equal(boxAt(corners.sets, x + wide / 2, y + height / 2), 1);
  }
});

test("numbers move to the other set, and change within bounds", () => {
  const parts = [[1, 5], [2, 6, 6]];
  assert.deepEqual(moved(parts, 0, 1), [[1], [2, 6, 6, 5]]);
  assert.deepEqual(changed(parts, 1, 0, 1, 99), [[1, 5], [3, 6, 6]]);
  assert.deepEqual(changed([[99], []], 0, 0, 1, 99), [[99], []]);
  assert.deepEqual(parts, [[1, 5], [2, 6, 6]]);
});
