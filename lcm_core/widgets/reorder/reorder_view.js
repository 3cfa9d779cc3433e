// A molecule, the list in which its atoms are read, and what trained networks answer.

import { edgeLines, inBox } from "../base/page/graph_layout.js";
import { drag, move, set, svg, view } from "../base/page/svg.js";
import { ABOVE, movedTo, placeAfter, slotAt, slotsOf } from "./list_layout.js";

const BESIDE = 640; // pixels of width, from which the answers stand beside the molecule
const TALL = 250; // of the molecule
const GLIDE = 300, QUICK = 150; // ms

const symbol = (name) => name.replace(/\d+$/, ""); // of an atom

export default view(({ element, touch }) => {
  const drawing = svg("svg", { role: "group" });
  const bonds = svg("g", { "aria-hidden": "true" }), thread = svg("path", { class: "lcm-thread" });
  const atomsLayer = svg("g", { "aria-hidden": "true" }), answers = svg("g", { role: "group" });
  const list = svg("g", { role: "group" }), heading = svg("text", { class: "lcm-soft" });
  const numbers = svg("g", { "aria-hidden": "true" }); // of the places in the list
  drawing.append(bonds, thread, atomsLayer, answers, heading, numbers, list);
  element.append(drawing);
  let data = null, places = [], atoms = [], chips = [], layout = null;
  let order = [], asked = null, held = null, stop = () => {}, shown = [];

  // The list

  const placeOf = (atom) => order.indexOf(atom);

  function ask(next) {
    order = next;
    asked = JSON.stringify(order);
    arrange(QUICK);
    touch({ order });
  }

  function newChip(atom) {
    const chip = { atom, x: null, y: null };
    chip.back = svg("rect", { class: "lcm-focus lcm-chip-back", rx: 6 });
    chip.text = svg("text", {}, symbol(data.names[atom]));
    chip.g = svg("g", { class: "lcm-chip", role: "button", tabindex: -1 }, chip.back, chip.text);
    drag(chip.g, {
      start: () => { held = chip; rove(chip); },
      move: (x, y) => {
        [chip.x, chip.y] = [x, y];
        put(chip);
        const to = slotAt(layout.slots, x, y), from = placeOf(atom);
        if (to !== from) ask(movedTo(order, from, to));
      },
      end: release,
      cancel: release,
    });
    chip.g.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey) return;
      const from = placeOf(atom), to = placeAfter(from, event.key, order.length);
      if (to === null) return;
      event.preventDefault();
      event.stopPropagation();
      if (!event.shiftKey && !event.altKey) focus(chips[order[to]]);
      else if (to !== from) ask(movedTo(order, from, to));
    });
    for (const [name, on] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]])
      chip.g.addEventListener(name, () => light(atom, on));
    return chip;
  }

  function release() {
    held = null;
    arrange(QUICK);
  }

  function rove(chip) {
    for (const each of chips) set(each.g, { tabindex: each === chip ? 0 : -1 });
  }

  function focus(chip) {
    rove(chip);
    chip.g.focus();
  }

  const light = (atom, on) => {
    for (const part of [atoms[atom]?.g, chips[atom]?.g]) part?.classList.toggle("lcm-lit", on);
  };

  const put = (chip) => set(chip.g, { transform: `translate(${chip.x}, ${chip.y})` });

  /** Let atoms glide to their places in the list; the molecule says these places, too. */
  function arrange(milliseconds) {
    stop();
    const ways = [];
    order.forEach((atom, place) => {
      const chip = chips[atom], to = layout.slots[place];
      set(chip.g, { "aria-label": `${data.names[atom]}, place ${place + 1} of ${order.length}` });
      atoms[atom].number.textContent = place + 1;
      if (chip !== held) ways.push([chip, chip.x === null ? to : [chip.x, chip.y], to]);
    });
    set(thread, { d: order.map((atom, i) => `${i ? "L" : "M"}${places[atom].map((v) => v.toFixed(1))}`).join("") });
    stop = move(milliseconds, (share) => {
      for (const [chip, from, to] of ways) {
        [chip.x, chip.y] = [0, 1].map((axis) => from[axis] + share * (to[axis] - from[axis]));
        put(chip);
      }
    });
  }

  // The molecule

  function drawMolecule(box) {
    places = inBox(data.places, box.width, box.height, 26, true).map(([x, y]) => [x, y]);
    bonds.replaceChildren(...edgeLines(places, data.edges, data.orders, 4).flat().map(([x1, y1, x2, y2, dashed]) =>
      svg("line", { x1, y1, x2, y2, class: "lcm-edge lcm-bond", "stroke-dasharray": dashed ? "4 3" : "none" })));
    atoms = data.names.map((name, atom) => {
      const letters = symbol(name), middle = places.reduce((sum, [x, y]) => [sum[0] + x / places.length, sum[1] + y / places.length], [0, 0]);
      const [x, y] = places[atom], away = Math.hypot(x - middle[0], y - middle[1]) || 1;
      const off = (letters.length > 1 ? 20 : 13) / away;
      const number = svg("text", { class: "lcm-cell lcm-order-number", x: off * (x - middle[0]), y: off * (y - middle[1]) });
      const g = svg("g", { class: "lcm-atom", transform: `translate(${places[atom]})` }, svg("circle", { r: 11, class: "lcm-focus" }));
      if (letters !== "C") g.append(svg("circle", { r: 8, class: "lcm-behind" }), svg("text", { class: "lcm-cell" }, letters));
      g.append(number);
      g.addEventListener("pointerenter", () => light(atom, true));
      g.addEventListener("pointerleave", () => light(atom, false));
      return { g, number };
    });
    atomsLayer.replaceChildren(...atoms.map((each) => each.g));
  }

  // The answers

  function drawAnswers({ x: left, y: top, width }, line) {
    const right = left + width, at = (chance) => left + 8 + chance * (width - 16);
    const before = shown;
    shown = data.rows.map((row) => row.now);
    answers.replaceChildren();
    data.rows.forEach((row, i) => {
      const y = top + i * 5.4 * line, axis = y + 3.2 * line;
      const part = answers.appendChild(svg("g", { role: "img", "aria-label": `${row.name}. ${row.said}` }));
      part.append(
        svg("text", { x: left, y: y + line }, row.name),
        svg("text", { x: right, y: y + line, "text-anchor": "end", class: `lcm-said${row.flipped ? " lcm-flipped" : ""}` }, row.said),
        svg("path", { d: `M${at(0)} ${axis}H${at(1)}`, class: "lcm-edge" }),
        svg("path", { d: `M${at(0.5)} ${axis - line}v${2 * line}`, class: "lcm-half" }),
        svg("text", { x: at(0), y: axis + 1.7 * line, class: "lcm-soft" }, `← ${data.no}`),
        svg("text", { x: at(1), y: axis + 1.7 * line, "text-anchor": "end", class: "lcm-soft" }, `${data.yes} →`),
      );
      for (const chance of row.past) part.append(svg("circle", { cx: at(chance), cy: axis, r: 4, class: `lcm-past lcm-answer-${i}` }));
      const mark = i % 2
        ? svg("path", { d: "M-9 0L0-9L9 0L0 9Z", class: `lcm-answer-${i}` })
        : svg("circle", { r: 8, class: `lcm-answer-${i}` });
      const g = part.appendChild(svg("g", { class: "lcm-answer" }, mark));
      const from = before[i] ?? row.now;
      move(from === row.now ? 0 : GLIDE, (share) => set(g, { transform: `translate(${at(from + share * (row.now - from))}, ${axis})` }));
    });
  }

  return {
    show(given, width) {
      const anew = data?.names.join() !== given.names.join();
      data = given;
      const line = 1.35 * (parseFloat(getComputedStyle(drawing).getPropertyValue("font-size")) || 12);
      const beside = width >= BESIDE, high = data.rows.length * 5.4 * line;
      const picture = { width: beside ? 0.48 * width : width, height: TALL };
      const scales = { x: beside ? 0.52 * width : 1, y: beside ? Math.max(0, (TALL - high) / 2) : TALL, width: (beside ? 0.48 * width : width) - 2 };
      const top = Math.max(TALL, scales.y + high) + 1.5 * line;
      layout = slotsOf(data.names.length, width, top + 0.4 * line);
      const height = top + layout.height + 0.8 * line;
      set(drawing, { viewBox: `0 0 ${width} ${height}`, height, "aria-label": data.label });
      heading.textContent = data.heading;
      set(heading, { x: 1, y: top });
      if (anew) {
        chips = data.names.map((_, atom) => newChip(atom));
        list.replaceChildren(...chips.map((chip) => chip.g));
        shown = [];
      }
      for (const chip of chips) {
        set(chip.back, { x: 2 - layout.wide / 2, y: 3 - layout.high / 2, width: layout.wide - 4, height: layout.high - 6 });
      }
      numbers.replaceChildren(...layout.slots.map(([x, y], i) =>
        svg("text", { class: "lcm-cell lcm-order-number", x, y: y - (layout.high + ABOVE) / 2 + 2 }, i + 1)));
      drawMolecule(picture);
      drawAnswers(scales, line);
      if (JSON.stringify(data.order) === asked) asked = null;
      if (asked === null && !held) order = data.order; // else what the reader did is on its way
      arrange(anew ? 0 : GLIDE);
      if (!chips.some((chip) => chip.g.getAttribute("tabindex") === "0")) rove(chips[order[0]]);
    },
    end: () => stop(),
  };
});
