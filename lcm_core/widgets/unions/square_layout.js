// Where the parts of a square stand: functions of plain data, without a page.

/** The four corners and the end, as boxes { x, y, width, height }, in a width. */
export function cornersOf(width, line) {
  const gap = Math.max(40, 0.12 * width), left = 0.58 * (width - gap), right = width - gap - left;
  const high = 2 * 2.6 * line + 10, down = 4.4 * line, low = 2.6 * line;
  const bottom = high + down;
  return {
    sets: [0, 1].map((i) => ({ x: 1, y: i * (high / 2), width: left - 2, height: high / 2 - 6 })),
    union: { x: left + gap, y: 0, width: right - 1, height: high - 6 },
    answers: [0, 1].map((i) => ({ x: 1 + i * (left / 2), y: bottom, width: left / 2 - 10, height: low })),
    ends: { x: left + gap, y: bottom, width: right - 1, height: low },
    gap, left, down, height: bottom + low + 2.2 * line,
  };
}

/** The middles of `count` chips in a box, each `size` wide, in rows if they need them. */
export function chipsIn(box, count, size) {
  const row = Math.max(1, Math.min(count, Math.floor((box.width - 34) / size)));
  const rows = Math.ceil(count / row) || 1, high = Math.min(size, box.height / rows);
  return Array.from({ length: count }, (_, i) => [
    box.x + 30 + size * ((i % row) + 0.5),
    box.y + box.height / 2 + high * (Math.floor(i / row) - (rows - 1) / 2),
  ]);
}

/** The index of the box that holds a point, or of the nearest one. */
export function boxAt(boxes, x, y) {
  const far = boxes.map((box) => Math.hypot(x - box.x - box.width / 2, 3 * (y - box.y - box.height / 2)));
  return far.indexOf(Math.min(...far));
}

/** Two lists, with number `i` of the list `from` moved to the end of the other. */
export function moved(parts, from, i) {
  const other = 1 - from, next = parts.map((part) => [...part]);
  next[other].push(...next[from].splice(i, 1));
  return next;
}

/** Two lists, with number `i` of the list `from` changed by `step`, within 0 and `largest`. */
export function changed(parts, from, i, step, largest) {
  return parts.map((part, p) => part.map((value, k) =>
    p === from && k === i ? Math.min(Math.max(value + step, -largest), largest) : value));
}
