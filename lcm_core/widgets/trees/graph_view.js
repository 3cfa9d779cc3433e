// The graph beside the trees: a click, or Enter, chooses the node whose neighbours are reduced.

import { html, set, svg, view } from "../base/page/svg.js";
import { edgeLines, inBox, leastDistance, towards } from "../base/page/graph_layout.js";

const TALL = 312; // pixels
const LARGEST = 13; // radius of a node

export default view(({ element, touch }) => {
  const drawing = svg("svg", { role: "group", class: "lcm-graph" });
  const legend = html("div", { class: "lcm-graph-legend" });
  element.append(drawing, legend);
  let nodes = [], places = [], focused = 0;

  const nodeOf = (event) => nodes.indexOf(event.target.closest?.(".lcm-node"));
  const choose = (node) => touch({ node });

  drawing.addEventListener("click", (event) => {
    const node = nodeOf(event);
    if (node < 0) return;
    focus(node);
    choose(node);
  });
  drawing.addEventListener("keydown", (event) => {
    const node = nodeOf(event);
    if (node < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") choose(node);
    else if (event.key.startsWith("Arrow")) focus(towards(places, node, event.key));
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function focus(node) {
    if (nodes[focused]) set(nodes[focused], { tabindex: -1 });
    focused = node;
    set(nodes[node], { tabindex: 0 });
    nodes[node].focus();
  }

  /** Edges, or the bonds of a molecule; those to neighbours of the chosen node are thick. */
  function edgesOf(data, radius) {
    const chosen = new Set(data.near), layer = svg("g", { "aria-hidden": "true" });
    const lines = edgeLines(places, data.edges, data.orders, Math.max(3, 0.4 * radius));
    data.edges.forEach(([a, b], i) => {
      const marked = (a === data.chosen && chosen.has(b)) || (b === data.chosen && chosen.has(a));
      for (const [x1, y1, x2, y2, dashed] of lines[i]) {
        const line = svg("line", { x1, y1, x2, y2, class: `lcm-edge${marked ? " lcm-near-edge" : data.orders ? " lcm-bond" : " lcm-far-edge"}` });
        if (dashed) set(line, { "stroke-dasharray": "4 3" });
        layer.append(line);
      }
    });
    return layer;
  }

  /** A node: a circle, or a square for the second side; atoms far from the chosen one are letters. */
  function nodeAt(data, i, radius, letter) {
    const role = i === data.chosen ? "chosen" : data.near.includes(i) ? "near" : "far";
    const side = data.sides ? data.sides[i] : null;
    const letters = data.names[i].replace(/\d+$/, "");
    const bare = data.orders && role === "far";
    const text = bare ? (letters === "C" ? "" : letters) : data.names[i];
    const shape = `lcm-focus lcm-place${bare ? " lcm-bare" : ""}`;
    const r = role === "chosen" ? 1.15 * radius : radius;
    const mark = side === 1
      ? svg("rect", { x: -0.9 * r, y: -0.9 * r, width: 1.8 * r, height: 1.8 * r, rx: 2, class: shape })
      : svg("circle", { r, class: shape });
    const words = `${data.names[i]}${side === null ? "" : `, ${data.sideNames[side]}`}`
      + (role === "chosen" ? ", chosen" : role === "near" ? ", a neighbour" : "");
    const g = svg("g", {
      class: `lcm-node lcm-${role}${side === null ? "" : ` lcm-side-${side}`}`, role: "button", tabindex: -1,
      "aria-label": words, "aria-pressed": role === "chosen", transform: `translate(${places[i].join(", ")})`,
    }, svg("title", {}, words));
    if (bare && text) g.append(svg("circle", { r: 0.7 * radius, class: "lcm-behind" }));
    const inside = text.length * letter <= 2.6 * r;
    g.append(mark, svg("text", { class: inside ? "lcm-cell" : "lcm-cell lcm-below", y: inside ? 0 : r + letter }, text));
    return g;
  }

  return {
    show(data, width) {
      const active = nodes.indexOf(document.activeElement);
      places = inBox(data.places, width, TALL, 22, data.orders !== null);
      const radius = Math.min(LARGEST, (data.orders ? 0.4 : 0.48) * leastDistance(places));
      const letter = 7.2 * (parseFloat(getComputedStyle(element).getPropertyValue("--lcm-scale")) || 1);
      set(drawing, { viewBox: `0 0 ${width} ${TALL}`, height: TALL, "aria-label": data.label });
      nodes = data.names.map((_, i) => nodeAt(data, i, radius, letter));
      drawing.replaceChildren(edgesOf(data, radius), ...nodes);
      legend.replaceChildren(...(data.sideNames ?? []).map((name, side) =>
        html("span", {}, svg("svg", { viewBox: "-7 -7 14 14", "aria-hidden": "true" }, side
          ? svg("rect", { x: -5, y: -5, width: 10, height: 10, class: "lcm-mark lcm-side-mark-1" })
          : svg("circle", { r: 5.5, class: "lcm-mark lcm-side-mark-0" })), name)),
        html("span", { class: "lcm-hint" }, data.orders ? "Click an atom." : "Click a node."));
      if (active >= 0) focused = active;
      if (!nodes[focused]) focused = data.chosen;
      set(nodes[focused], { tabindex: 0 });
      if (active >= 0) nodes[focused].focus();
    },
  };
});
