// A square: two sets above, their answers below; put together on the right. Both ways can be gone.

import { drag, move, number, set, svg, view } from "../base/page/svg.js";
import { boxAt, changed, chipsIn, cornersOf, moved } from "./square_layout.js";

const STEP = 400; // ms, of each part of a way
const CHIP = 34; // pixels

export default view(({ element, touch, model }) => {
  const drawing = svg("svg", { role: "group" });
  element.append(drawing);
  let data = null, parts = null, corners = null, line = 16, asked = null, held = false, width_ = 0;
  let stop = () => {}, focused = null;

  const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2];
  const text = ([x, y], words, className = "lcm-cell") => svg("text", { x, y, class: className }, words);
  const box = ({ x, y, width, height }, className) => svg("rect", { x, y, width, height, rx: 6, class: className });
  const arrow = ([x1, y1], [x2, y2], words, [dx, dy], anchor = "middle") => {
    const length = Math.hypot(x2 - x1, y2 - y1), [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
    const head = `M${x2 - 8 * ux - 4 * uy} ${y2 - 8 * uy + 4 * ux}L${x2} ${y2}L${x2 - 8 * ux + 4 * uy} ${y2 - 8 * uy - 4 * ux}`;
    return svg("g", { "aria-hidden": "true" }, svg("path", { d: `M${x1} ${y1}L${x2} ${y2}${head}`, class: "lcm-edge" }),
      svg("text", { x: (x1 + x2) / 2 + dx, y: (y1 + y2) / 2 + dy, "text-anchor": anchor, class: "lcm-soft" }, words));
  };

  function ask(next, focus) {
    parts = next;
    asked = JSON.stringify(parts);
    focused = focus;
    paint();
    touch({ parts });
  }

  function chipAt([x, y], value, part, i) {
    const words = `${number(value)} in ${"AB"[part]}`;
    const g = svg("g", { class: "lcm-chip", role: "button", tabindex: 0, "aria-label": words, transform: `translate(${x}, ${y})` },
      svg("circle", { r: 14, class: "lcm-focus lcm-chip-back" }), svg("text", {}, number(value)));
    drag(g, {
      start: () => { held = true; },
      move: (u, v) => set(g, { transform: `translate(${u}, ${v})` }),
      end: (u, v) => {
        held = false;
        if (boxAt(corners.sets, u, v) !== part) ask(moved(parts, part, i), [1 - part, parts[1 - part].length]);
        else paint();
      },
      cancel: () => { held = false; paint(); },
    });
    g.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (event.key === "Enter" || event.key === " ") ask(moved(parts, part, i), [1 - part, parts[1 - part].length]);
      else if (step) ask(changed(parts, part, i, step, data.largest), [part, i]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return g;
  }

  /** All that stands still. */
  function paint() {
    stop();
    corners = cornersOf(width_, line);
    const { sets, union, answers, ends, gap, left, down, height } = corners;
    set(drawing, { viewBox: `0 0 ${width_} ${height}`, height, "aria-label": data.label });
    const top = (sets[1].y + sets[1].height) / 2, bottom = answers[0].y;
    const waits = asked !== null; // for the answers to what the reader did
    drawing.replaceChildren(
      ...sets.flatMap((each, i) => [box(each, "lcm-plane-frame"), text([each.x + 14, each.y + each.height / 2], "AB"[i])]),
      box(union, "lcm-plane-frame"), text([union.x + union.width / 2, union.y + 0.9 * line], "A ⊎ B"),
      arrow([left, top], [left + gap - 2, top], "⊎", [0, -0.5 * line]),
      ...answers.map((each) => arrow([each.x + each.width / 2, sets[1].y + sets[1].height + 4], [each.x + each.width / 2, bottom - 4], "agg", [6, 0], "start")),
      arrow([ends.x + 0.25 * ends.width, union.height + 4], [ends.x + 0.25 * ends.width, bottom - 4], "agg", [6, 0], "start"),
      arrow([left, bottom + ends.height / 2], [left + gap - 2, bottom + ends.height / 2], "⊕", [0, -0.5 * line]),
      ...answers.flatMap((each, i) => [box(each, "lcm-plane-frame"), text(middle(each), waits ? "…" : data.answers[i], "lcm-cell lcm-said"),
        text([each.x + each.width / 2, bottom + each.height + line], `agg(${"AB"[i]})`, "lcm-cell lcm-soft")]),
      ...theEnds(ends, bottom, waits),
    );
    const chips = parts.map((part, p) => part.map((value, i) => chipAt(chipsIn(sets[p], part.length, CHIP)[i], value, p, i)));
    drawing.append(...chips.flat());
    const all = parts.flat(), inside = { ...union, x: union.x - 22, width: union.width + 16, y: union.y + 0.8 * line };
    chipsIn(inside, all.length, CHIP).forEach(([x, y], i) => drawing.append(copyOf(all[i], x, y)));
    if (focused) { chips[focused[0]][focused[1]]?.focus(); focused = null; }
  }

  /** Both answers, and the sign between them. */
  function theEnds(ends, bottom, waits) {
    const y = bottom + ends.height / 2, state = waits ? null : data.commutes;
    const sign = state === null ? "?" : state ? "=" : "≠", tone = state === false ? " lcm-flipped" : "";
    const [up, low] = [0.25, 0.78].map((share) => [ends.x + share * ends.width, y]);
    return [
      box(ends, `lcm-plane-frame${state === false ? " lcm-parted" : ""}`),
      text(up, waits ? "…" : data.together, `lcm-cell lcm-said lcm-way-top${tone}`),
      text([ends.x + 0.52 * ends.width, y], sign, `lcm-cell lcm-said${tone}`),
      text(low, waits ? "…" : data.combined, `lcm-cell lcm-said lcm-way-bottom${tone}`),
      text([up[0], bottom + ends.height + line], "agg(A ⊎ B)", "lcm-cell lcm-soft"),
      text([low[0], bottom + ends.height + line], "agg(A) ⊕ agg(B)", "lcm-cell lcm-soft"),
    ];
  }

  const copyOf = (value, x, y) => svg("g", { class: "lcm-chip lcm-copy", "aria-hidden": "true", transform: `translate(${x}, ${y})` },
    svg("circle", { r: 13, class: "lcm-chip-back" }), svg("text", {}, number(value)));

  /** Tokens that glide from places to others, then go. */
  function glide(ways, done) {
    const tokens = ways.map(([from, , words]) => svg("g", { class: "lcm-chip lcm-token", "aria-hidden": "true", transform: `translate(${from})` },
      svg("circle", { r: 14, class: "lcm-chip-back" }), svg("text", {}, words)));
    drawing.append(...tokens);
    stop = move(STEP, (share) => ways.forEach(([from, to], k) =>
      set(tokens[k], { transform: `translate(${[0, 1].map((axis) => from[axis] + share * (to[axis] - from[axis]))})` })),
    () => { for (const token of tokens) token.remove(); done(); });
  }

  /** Both ways, one after the other: along the top, then along the bottom. */
  function play() {
    if (!data || held) return;
    paint();
    const { sets, union, answers, ends } = corners, all = parts.flat();
    const starts = parts.flatMap((part, p) => chipsIn(sets[p], part.length, CHIP));
    const right = [ends.x + 0.25 * ends.width, answers[0].y + ends.height / 2];
    const last = [ends.x + 0.78 * ends.width, right[1]], hub = middle(union);
    const [top, below] = ["top", "bottom"].map((way) => drawing.querySelector(`.lcm-way-${way}`));
    const copies = [...drawing.querySelectorAll(".lcm-copy")], shown = [...copies, top, below];
    for (const each of shown) set(each, { visibility: "hidden" });
    const reveal = (...those) => { for (const each of those) set(each, { visibility: null }); };
    const words = (i) => number(all[i]);
    glide(starts.map((from, i) => [from, hub, words(i)]), () => { reveal(...copies);
      glide([[hub, right, data.together]], () => { reveal(top);
        glide(starts.map((from, i) => [from, middle(answers[i < parts[0].length ? 0 : 1]), words(i)]), () =>
          glide(answers.map((each, i) => [middle(each), last, data.answers[i]]), () => reveal(below))); }); });
  }

  model.on("change:plays", play);
  return {
    show(given, width) {
      data = given;
      width_ = width;
      line = 1.35 * (parseFloat(getComputedStyle(drawing).getPropertyValue("font-size")) || 12);
      if (JSON.stringify(data.parts) === asked) asked = null;
      if (held) return;
      const chip = document.activeElement?.closest?.(".lcm-chip"), order = [...drawing.querySelectorAll(".lcm-chip[role]")];
      const place = drawing.contains(chip) ? order.indexOf(chip) : -1;
      if (asked === null) parts = data.parts; // else what the reader did is on its way
      paint();
      if (place >= 0) drawing.querySelectorAll(".lcm-chip[role]")[place]?.focus();
    },
    end() {
      stop();
      model.off("change:plays", play);
    },
  };
});
