// Where a graph is drawn: functions of plain data, without a page.

/** Places in a box with a margin: upright squares stay so if `keep`, else each axis fills the box. */
export function inBox(places, width, height, margin, keep) {
  const [xs, ys] = [0, 1].map((axis) => places.map((place) => place[axis]));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const spread = [Math.max(...xs) - left, Math.max(...ys) - top];
  const room = [width - 2 * margin, height - 2 * margin];
  let scales = spread.map((size, axis) => (size > 1e-9 ? room[axis] / size : 0));
  if (keep) {
    const least = Math.min(...scales.filter((each) => each > 0), 40);
    scales = [least, least];
  }
  const begin = [0, 1].map((axis) => (axis ? height : width) / 2 - (spread[axis] * scales[axis]) / 2);
  return places.map(([x, y]) => [begin[0] + (x - left) * scales[0], begin[1] + (y - top) * scales[1]]);
}

/** The least distance between two places; Infinity for one. */
export function leastDistance(places) {
  let least = Infinity;
  places.forEach(([x, y], i) => {
    for (const [u, v] of places.slice(0, i)) least = Math.min(least, Math.hypot(x - u, y - v));
  });
  return least;
}

/** The node nearest to `from` in the direction of an arrow key; itself if there is none. */
export function towards(places, from, key) {
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const [dx, dy] = ways[key];
  let best = from, cost = Infinity;
  places.forEach(([x, y], node) => {
    const along = (x - places[from][0]) * dx + (y - places[from][1]) * dy;
    const aside = Math.abs((x - places[from][0]) * dy) + Math.abs((y - places[from][1]) * dx);
    if (node !== from && along > 1e-6 && along + 2 * aside < cost) [best, cost] = [node, along + 2 * aside];
  });
  return best;
}

/**
 * The lines of a bond between two places: [x1, y1, x2, y2, dashed]. A double bond has a second line,
 * an aromatic one (order 1.5) a dashed one, on the side of `inside`, where the ring is.
 */
export function bondLines([x1, y1], [x2, y2], order, inside, gap) {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  let nx = -(y2 - y1) / length * gap, ny = (x2 - x1) / length * gap;
  const middle = [(x1 + x2) / 2, (y1 + y2) / 2];
  if ((inside[0] - middle[0]) * nx + (inside[1] - middle[1]) * ny < 0) [nx, ny] = [-nx, -ny];
  const line = [x1, y1, x2, y2, false];
  const cut = (from, to) => from + 0.14 * (to - from);
  const beside = (sign, dashed) => [
    cut(x1, x2) + sign * nx, cut(y1, y2) + sign * ny, cut(x2, x1) + sign * nx, cut(y2, y1) + sign * ny, dashed,
  ];
  if (order === 1) return [line];
  if (order === 3) return [line, beside(1, false), beside(-1, false)];
  return [line, beside(1, order === 1.5)];
}

/** The mean place of the neighbours of both ends of an edge: towards the ring that it is part of. */
export function insideOf(places, near, a, b) {
  const around = [...near[a], ...near[b]].filter((node) => node !== a && node !== b);
  if (!around.length) return places[a];
  return [0, 1].map((axis) => around.reduce((sum, node) => sum + places[node][axis], 0) / around.length);
}

/** The lines of each edge, as `bondLines` gives them; `orders` of bonds may be missing. */
export function edgeLines(places, edges, orders, gap) {
  const near = places.map(() => []);
  for (const [a, b] of edges) { near[a].push(b); near[b].push(a); }
  return edges.map(([a, b], i) => {
    const order = orders ? orders[i] : 1, inside = order === 1 ? places[a] : insideOf(places, near, a, b);
    return bondLines(places[a], places[b], order, inside, gap);
  });
}
