// Columns of pictures, one for each operator; planes with clouds of dots.

import { set, svg } from "../base/page/svg.js";

export const GAP = 24;

/** Where `count` columns begin and how wide each is, within `width`, with room for a line around. */
export function columnsOf(count, width) {
  const each = (width - GAP * (count - 1)) / Math.max(count, 1);
  return Array.from({ length: count }, (_, i) => ({ left: i * (each + GAP) + 1, width: each - 2 }));
}

/**
 * A rectangle of a picture as a window on a plane.
 * `reach` is how far the plane is seen from its middle, to each side, as [across, up].
 */
export function frameOf(left, top, width, height, [across, up]) {
  return {
    left, top, width, height,
    place: ([u, v]) => [left + width * (0.5 + u / (2 * across)), top + height * (0.5 - v / (2 * up))],
    point: (x, y) => [((x - left) / width - 0.5) * 2 * across, (0.5 - (y - top) / height) * 2 * up],
  };
}

/** The reach at which one unit is as long across as up, and nearly all places are in sight. */
export function reachOf(places, width, height, share = 0.98) {
  const far = (axis) => {
    const sizes = places.map((place) => Math.abs(place[axis])).filter(Number.isFinite).sort((a, b) => a - b);
    return 1.2 * (sizes[Math.ceil(share * sizes.length) - 1] ?? 0);
  };
  const unit = Math.max(far(0) / width, far(1) / height) || 1 / Math.max(width, height);
  return [unit * width, unit * height];
}

/** A point moved into a frame, if it is outside. */
export function within([x, y], { left, top, width, height }, margin = 0) {
  const between_ = (value, low, high) => Math.min(Math.max(value, low + margin), high - margin);
  return [between_(x, left, left + width), between_(y, top, top + height)];
}

/** A number that came as plain data: infinities and NaN come as text. */
export const asNumber = (value) =>
  typeof value === "string" ? { inf: Infinity, "-inf": -Infinity }[value] ?? NaN : value;

/** One path that draws all dots of a cloud. */
export function dotsOf(places, frame) {
  return places
    .map((place) => frame.place(place.map(asNumber)))
    .filter(([x, y]) => x >= frame.left && x <= frame.left + frame.width
      && y >= frame.top && y <= frame.top + frame.height)
    .map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`)
    .join("");
}

/** Move a point by an arrow key: by a tenth, with Shift by half a unit; null for other keys. */
export function stepped([u, v], key, shift, reach, step = 0.1) {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key];
  if (!way) return null;
  const far = shift ? 5 * step : step;
  const inside = (value) => Number(Math.min(Math.max(value, -reach), reach).toFixed(3));
  return [inside(u + way[0] * far), inside(v + way[1] * far)];
}

/** The height of a line of small letters, as the page has them now. */
export function lineHeight(element) {
  return 1.35 * (parseFloat(getComputedStyle(element).getPropertyValue("font-size")) || 12);
}

/** The frame around a plane. */
export const box = (frame, extra = {}) =>
  svg("rect", { x: frame.left, y: frame.top, width: frame.width, height: frame.height, class: "lcm-plane-frame", ...extra });

/** Text in a column, broken into lines that fit; gives the number of lines. */
export function paragraph(text, x, y, width, line) {
  const letters = Math.max(8, Math.floor(width / (line * 0.4))), lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last && last.length + 1 + word.length > letters) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  const spans = lines.map((each, i) => svg("tspan", { x, y: y + i * line }, each));
  return svg("text", { class: "lcm-soft" }, ...spans);
}

/** Put an svg of this size into an element, empty. */
export function canvas(element, width, height, label) {
  const old = element.querySelector(":scope > svg");
  const drawn = old ?? element.appendChild(svg("svg"));
  set(drawn, { viewBox: `0 0 ${width} ${height}`, height, role: "group", "aria-label": label });
  drawn.replaceChildren();
  return drawn;
}
