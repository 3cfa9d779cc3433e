// plotly's line styles and markers, as SVG has them; and when letters have another size.

import { html } from "../base/page/svg.js";

/** plotly's line styles as SVG has them. */
export const DASHES = { solid: null, dash: "7 4", dot: "2 4", dashdot: "7 4 2 4" };

/** The outline of plotly's marker of this name. */
export function mark(symbol, r = 3.5) {
  switch (symbol) {
    case "square": return `M${-r},${-r}H${r}V${r}H${-r}Z`;
    case "diamond": return `M0,${-1.3 * r}L${1.3 * r},0L0,${1.3 * r}L${-1.3 * r},0Z`;
    case "triangle": return `M0,${-1.2 * r}L${1.15 * r},${0.9 * r}H${-1.15 * r}Z`;
    case "x": return `M${-r},${-r}L${r},${r}M${-r},${r}L${r},${-r}`;
    case "triangle-down": return `M0,${1.2 * r}L${1.15 * r},${-0.9 * r}H${-1.15 * r}Z`;
    case "star": return star(r * 1.3);
    case "bowtie": return `M${-r},${-r}L${r},${r}V${-r}L${-r},${r}Z`;
    case "cross": return `M${-r / 2.5},${-r}H${r / 2.5}V${-r / 2.5}H${r}V${r / 2.5}H${r / 2.5}V${r}H${-r / 2.5}V${r / 2.5}H${-r}V${-r / 2.5}H${-r / 2.5}Z`;
    default: return `M${-r},0A${r},${r},0,1,1,${r},0A${r},${r},0,1,1,${-r},0Z`;
  }
}

/** Five points at r, with five corners between them. */
function star(r) {
  const corners = Array.from({ length: 10 }, (_, i) => {
    const [angle, from] = [(i * Math.PI) / 5, i % 2 ? 0.4 * r : r];
    return `${(from * Math.sin(angle)).toFixed(2)},${(-from * Math.cos(angle)).toFixed(2)}`;
  });
  return `M${corners.join("L")}Z`;
}

/** Call `changed()` when letters in `element` have another size, as on a projector or once a style sheet is loaded. */
export function onLetters(element, changed) {
  const probe = html("span", { class: "lcm-probe", "aria-hidden": "true" }, "0000000000");
  element.append(probe);
  let before = 0;
  const observer = new ResizeObserver(([entry]) => {
    const now = Math.round(entry.contentRect.width);
    if (now && now !== before) { before = now; changed(); }
  });
  observer.observe(probe);
  return () => observer.disconnect();
}
