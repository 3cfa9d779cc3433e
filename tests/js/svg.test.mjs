// The parts of page/svg.js and page/picture.js that need no page.

import assert from "node:assert/strict";
import test from "node:test";
import { between, ease, move, number } from "../../lcm_core/widgets/base/page/svg.js";
import { wrapped } from "../../lcm_core/widgets/base/page/picture.js";

test("a scale has its colours at equal distances, and mixes between them", () => {
  const colours = ["#000000", "#ff0000", "#ffffff"];
  assert.equal(between(colours, 0), "rgb(0, 0, 0)");
  assert.equal(between(colours, 0.5), "rgb(255, 0, 0)");
  assert.equal(between(colours, 1), "rgb(255, 255, 255)");
  assert.equal(between(colours, 0.25), "rgb(128, 0, 0)");
});

test("what is beyond a scale has the colour of its end", () => {
  const colours = ["#000000", "#ffffff"];
  assert.equal(between(colours, -3), "rgb(0, 0, 0)");
  assert.equal(between(colours, 7), "rgb(255, 255, 255)");
  assert.equal(between(colours, Infinity), "rgb(255, 255, 255)");
  assert.equal(between(colours, -Infinity), "rgb(0, 0, 0)");
});

test("numbers have three significant digits", () => {
  const expected = { "0": 0, "0.126": 0.12634, "12.6": 12.58, "−3": -3, "1.26e-7": 1.2612e-7, "1e-8": 1e-8, "123000": 123456, "∞": Infinity };
  for (const [text, value] of Object.entries(expected)) assert.equal(number(value), text.replace("e-", "e−"));
});

test("a movement begins and ends at rest", () => {
  assert.equal(ease(0), 0);
  assert.equal(ease(1), 1);
  assert.equal(ease(0.5), 0.5);
  assert.ok(ease(0.01) < 0.001 && ease(0.99) > 0.999);
});

test("without a page, or with less motion, a movement is at its end at once", () => {
  const steps = [];
  move(400, (share) => steps.push(share), () => steps.push("done"));
  assert.deepEqual(steps, [1, "done"]);
});

test("lines break at spaces; a longer word has a line of its own", () => {
  assert.deepEqual(wrapped("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrapped("abcdefghij kl", 5), ["abcdefghij", "kl"]);
  assert.deepEqual(wrapped("a\n\nb\tc", 80), ["a", "b  c"]);
});
