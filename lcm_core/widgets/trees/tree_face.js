// How one state looks: a row or column of cells, with their numbers if there is room, or a dot.

import { between, number, svg } from "../base/page/svg.js";
import { real, shortly } from "./tree_layout.js";

/** value → colour; null for what is not finite. `colours` are those of a scale from low to high. */
export function painter(colours, low, high) {
  return (value) => (Number.isFinite(value) ? between(colours, (value - low) / (high - low)) : null);
}

/** Black or white, whichever is read more easily on a colour `rgb(…)`. */
export function inkOn(colour) {
  const [r, g, b] = colour.match(/\d+/g).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

/** What is written for each value of a state. */
export function written(values) {
  return values.length === 1 ? [number(values[0])] : values.map(shortly);
}

/** The values of a state as plain numbers. */
export function stateOf(values) {
  return values.map(real);
}

/** The state as SVG, about (0, 0). */
export function face(values, fit, paint) {
  const made = svg("g", { class: "lcm-face" });
  const thin = fit.wide < 8 || fit.tall < 4 ? " lcm-thin" : "";
  if (fit.kind === "dot") {
    made.append(svg("circle", { r: fit.wide / 2, class: `lcm-mark${thin}`, fill: paint(values[0]) ?? "var(--lcm-ink)" }));
    return made;
  }
  const across = fit.kind === "row", texts = fit.text ? written(values) : [];
  const [halfWide, halfTall] = halves(fit, values.length);
  const around = { x: -halfWide, y: -halfTall, width: 2 * halfWide, height: 2 * halfTall };
  made.append(svg("rect", { ...around, fill: "var(--lcm-paper)" })); // no edge shines through a seam
  values.forEach((value, i) => {
    const x = -halfWide + (across ? i * fit.wide : 0), y = -halfTall + (across ? 0 : i * fit.tall);
    const colour = paint(value);
    made.append(svg("rect", { x, y, width: fit.wide, height: fit.tall, fill: colour ?? "var(--lcm-ink)" }));
    if (!fit.text && colour) return;
    if (fit.tall < 12 || fit.wide < 10) return;
    const style = `fill: ${colour ? inkOn(colour) : "var(--lcm-paper)"}`;
    made.append(svg("text", { x: x + fit.wide / 2, y: y + fit.tall / 2, style, class: "lcm-cell" }, texts[i] ?? number(value)));
  });
  made.append(svg("rect", { ...around, class: `lcm-mark${thin}`, fill: "none" }));
  return made;
}

/** Half of the width and of the height of a state with so many cells. */
export function halves(fit, cells) {
  if (fit.kind === "dot") return [fit.wide / 2, fit.tall / 2];
  return fit.kind === "row" ? [(cells * fit.wide) / 2, fit.tall / 2] : [fit.wide / 2, (cells * fit.tall) / 2];
}
