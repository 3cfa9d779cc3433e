// Rounds of messages along the bonds of a molecule, then the atoms rise and a tree combines them.

import { edgeLines, inBox } from "../base/page/graph_layout.js";
import { between, move, scale, set, svg, view } from "../base/page/svg.js";

const TALL = 260; // pixels, of the molecule and of the tree
const BESIDE = 640; // of width, from which the tree stands beside the molecule
const STEP = 700, REST = 500; // ms: a step, and the pause after it

export default view(({ element, model }) => {
  const drawing = svg("svg", { role: "img" });
  const bonds = svg("g"), branches = svg("g"), tokens = svg("g"), atomsLayer = svg("g"), inner = svg("g"), answer = svg("text", { class: "lcm-said", "text-anchor": "middle" });
  drawing.append(bonds, branches, inner, atomsLayer, tokens, answer);
  element.append(drawing);
  let data = null, places = [], nodes = [], atoms = [], made = [], colours = [], at = null, radius = 9;
  let stop = () => {}, timer = 0;

  const rounds = () => data.rounds.length - 1;
  const last = () => rounds() + 1 + Math.max(...data.heights);
  const colour = (value) => between(colours, (value + 1) / 2);
  const mix = (from, to, share) => [0, 1].map((axis) => from[axis] + share * (to[axis] - from[axis]));

  /** All as it is at a step, `rise` of the way from the molecule to the leaves of the tree. */
  function paint(step, rise = step > rounds() ? 1 : 0) {
    const values = step > rounds() ? data.tree : data.rounds[Math.max(0, Math.min(step, rounds()))];
    const level = step - rounds() - 1;
    atoms.forEach((each, i) => {
      set(each.g, { transform: `translate(${mix(places[i], nodes[i], rise)})` });
      set(each.disc, { fill: colour(values[i]) });
      each.name.textContent = rise === 0 ? data.names[i].replace(/\d+$/, "") : "";
    });
    made.forEach(({ disc, lines, height }) => {
      for (const part of [disc, lines]) set(part, { visibility: height <= level ? "visible" : "hidden" });
    });
    answer.textContent = step >= last() ? data.answer : "";
  }

  /** From one step to the next: messages glide, atoms rise, or pairs meet. */
  function forward(to, done) {
    const way = to <= rounds() ? messages(to) : to === rounds() + 1 ? rising(to) : meeting(to);
    stop = move(STEP, way, () => { tokens.replaceChildren(); at = to; paint(to); done(); });
  }

  function messages(to) {
    const values = data.rounds[to - 1];
    const ways = data.edges.flatMap(([a, b]) => [[a, b], [b, a]]);
    const dots = ways.map(([from]) => svg("circle", { r: 0.45 * radius, fill: colour(values[from]), class: "lcm-mark" }));
    tokens.replaceChildren(...dots);
    return (share) => ways.forEach(([from, end], i) => set(dots[i], { transform: `translate(${mix(places[from], places[end], share)})` }));
  }

  const rising = (to) => (share) => paint(share < 1 ? to - 1 : to, share);

  function meeting(to) {
    const level = to - rounds() - 1, n = data.names.length, ways = [];
    data.children.forEach(([left, right], i) => {
      if (data.heights[n + i] === level) for (const child of [left, right]) ways.push([child, n + i]);
    });
    const dots = ways.map(([child]) => svg("circle", { r: 0.7 * radius, fill: colour(data.tree[child]), class: "lcm-mark" }));
    tokens.replaceChildren(...dots);
    return (share) => ways.forEach(([from, end], i) => set(dots[i], { transform: `translate(${mix(nodes[from], nodes[end], share)})` }));
  }

  function halt() {
    stop();
    clearTimeout(timer);
    tokens.replaceChildren();
  }

  function play() {
    halt();
    if (!data) return;
    if (at >= last()) { at = 0; paint(0); tell({ step: 0 }); }
    const next = () => forward(at + 1, () => {
      tell({ step: at });
      if (at < last()) timer = setTimeout(next, REST);
      else tell({ playing: false });
    });
    next();
  }

  function tell(state) {
    for (const [name, value] of Object.entries(state)) model.set(name, value);
    model.save_changes();
  }

  const followPlay = () => { if (model.get("playing")) play(); else { halt(); if (data && at !== null) paint(at); } };
  const followStep = () => {
    if (!data || model.get("playing")) return;
    const to = model.get("step");
    halt();
    if (to === at + 1) forward(to, () => {});
    else { at = to; paint(at); }
  };
  model.on("change:playing", followPlay);
  model.on("change:step", followStep);

  function build(width) {
    const beside = width >= BESIDE, n = data.names.length, depth = Math.max(...data.heights);
    const wide = beside ? 0.46 * width : width, left = beside ? 0.52 * width : 0, line = 24;
    const top = beside ? 0 : TALL, room = beside ? 0.48 * width : width;
    places = inBox(data.places, wide, TALL, 22, true);
    nodes = data.across.map((x, i) => [left + x * room, top + TALL - 18 - (data.heights[i] / depth) * (TALL - 36 - line)]);
    radius = Math.max(4, Math.min(9, 0.42 * room / n));
    set(drawing, { viewBox: `0 0 ${width} ${top + TALL}`, height: top + TALL, "aria-label": data.label });
    bonds.replaceChildren(...edgeLines(places, data.edges, data.orders, 4).flat().map(([x1, y1, x2, y2, dashed]) =>
      svg("line", { x1, y1, x2, y2, class: "lcm-edge", "stroke-dasharray": dashed ? "4 3" : "none" })));
    atoms = data.names.map(() => {
      const disc = svg("circle", { r: radius, class: "lcm-mark" }), name = svg("text", { class: "lcm-cell lcm-below", y: -radius - 6 });
      return { g: svg("g", {}, disc, name), disc, name };
    });
    atomsLayer.replaceChildren(...atoms.map((each) => each.g));
    made = data.children.map(([a, b], i) => {
      const [x, y] = nodes[n + i], path = (child) => `M${x} ${y}L${nodes[child].join(" ")}`;
      return {
        height: data.heights[n + i],
        disc: svg("circle", { cx: x, cy: y, r: radius, class: "lcm-mark", fill: colour(data.tree[n + i]) }),
        lines: svg("path", { d: path(a) + path(b), class: "lcm-edge" }),
      };
    });
    branches.replaceChildren(...made.map((each) => each.lines));
    inner.replaceChildren(...made.map((each) => each.disc));
    const [x, y] = nodes.at(-1);
    set(answer, { x, y: y - radius - 6 });
  }

  return {
    show(given, width) {
      data = given;
      halt();
      colours = scale(element, "signed");
      if (at === null || !model.get("playing")) at = model.get("step");
      build(width);
      paint(at);
      if (model.get("playing")) play();
    },
    end() {
      halt();
      model.off("change:playing", followPlay);
      model.off("change:step", followStep);
    },
  };
});
