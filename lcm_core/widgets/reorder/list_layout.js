// Where the atoms of a list stand: functions of plain data, without a page.

const LEAST = 34, MOST = 56, HIGH = 40; // pixels: width of a slot, height of what stands in it

export const ABOVE = 14; // pixels for the number above a slot

/** The centres [x, y] of `count` slots, in as many rows as the width needs, and the size of one. */
export function slotsOf(count, width, top) {
  const most = Math.max(1, Math.min(count, Math.floor(width / LEAST)));
  const rows = Math.ceil(count / most), row = Math.ceil(count / rows);
  const wide = Math.min(MOST, width / row), left = (width - row * wide) / 2;
  const slots = Array.from({ length: count }, (_, i) =>
    [left + wide * ((i % row) + 0.5), top + (ABOVE + HIGH) * (Math.floor(i / row) + 1) - HIGH / 2]);
  return { slots, wide, high: HIGH, height: rows * (ABOVE + HIGH) };
}

/** The slot nearest to a point. */
export function slotAt(slots, x, y) {
  let best = 0;
  slots.forEach(([u, v], i) => {
    if (Math.hypot(x - u, y - v) < Math.hypot(x - slots[best][0], y - slots[best][1])) best = i;
  });
  return best;
}

/** A list with the element at one place moved to another; those between make room. */
export function movedTo(list, from, to) {
  const rest = list.filter((_, i) => i !== from);
  return [...rest.slice(0, to), list[from], ...rest.slice(to)];
}

/** The place that an arrow key means; the same one where there is no further. */
export function placeAfter(place, key, count) {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  return step ? Math.min(Math.max(place + step, 0), count - 1) : null;
}
