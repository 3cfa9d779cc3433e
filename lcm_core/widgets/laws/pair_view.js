// Two clouds and one distance: states that can be dragged, and the two sides of a law.

import { between, drag, number, scale, set, svg, view } from "../base/page/svg.js";
import { asNumber, box, canvas, columnsOf, dotsOf, frameOf, lineHeight, paragraph, reachOf, stepped, within } from "./planes.js";

const REACH = 3; // standard deviations, as of law maps
const UNRELATED = Math.SQRT2; // spreads, between two unrelated results

/** Where the parts of one column lie; `line` is the height of a line of letters. */
export function partsOf({ left, width }, line) {
  const caption = 1.35 * line, beside = width >= 300;
  const each = beside ? (width - 12) / 2 : width, high = beside ? Math.min(each, 270) : 134;
  const states = { left, top: caption, width: each, height: high };
  const results = beside
    ? { left: left + each + 12, top: caption, width: each, height: high }
    : { left, top: 2 * caption + high + 4, width: each, height: high };
  const ruler = results.top + high + 0.5 * line, right = results.left + results.width;
  const bar = width < 200 ? { left, top: ruler + 1.4 * line } : { left: left + 5.6 * line, top: ruler };
  return { caption, states, results, ruler, bar: { ...bar, width: right - bar.left - 1 }, height: bar.top + 2.5 * line };
}

/** What stands beside the ruler: a distance in units of s, 0 where it is 0 or rounding. */
export function amount(error, rounding) {
  if (Number.isNaN(error)) return "not a number";
  return Math.abs(error) <= rounding ? "0 s" : `${number(error)} s`;
}

export default view(({ element, touch, model }) => {
  let drawing, columns = [], points = [], held = null, pending = false, late = null, top = 1.5;

  const placeHandles = () => {
    for (const { handles, states, line } of columns)
      handles.forEach((handle, i) => {
        const [u, v] = points[i], [x, y] = states.place([u, line ? 0 : v]);
        set(handle, {
          transform: `translate(${x} ${y})`,
          "aria-valuenow": u,
          "aria-valuetext": `${number(u)} along component 1, ${number(v)} along component 2, in standard deviations`,
        });
      });
  };

  const placeResults = () => {
    const answer = model.get("answer"), data = model.get("data");
    if (answer.law !== data.law || answer.columns?.length !== data.columns.length) return;
    const said = JSON.stringify(answer.points);
    if (said === JSON.stringify(points)) pending = false;
    if (!pending && !held) { points = answer.points; placeHandles(); }
    const colours = scale(element, "error");
    for (const column of columns) {
      const found = answer.columns[column.place];
      if (!found) continue; // the picture of this answer is still to come
      const [a, b] = found.places.map((each) => within(column.results.place(each.map(asNumber)), column.results, 7));
      const known = [...a, ...b].every(Number.isFinite), error = asNumber(found.error);
      for (const part of [column.left, column.right, column.line_])
        set(part, { visibility: known ? null : "hidden" });
      if (known) {
        set(column.line_, { x1: a[0], y1: a[1], x2: b[0], y2: b[1] });
        set(column.left, { transform: `translate(${a})` });
        set(column.right, { transform: `translate(${b})` });
      }
      column.said.textContent = amount(error, data.rounding);
      const share = Math.min(Math.max(Number.isNaN(error) ? 0 : error / top, 0), 1);
      set(column.bar, { width: share * column.length, fill: between(colours, error / UNRELATED) });
    }
  };

  const moved = (i, point) => {
    points = points.map((each, k) => (k === i ? point : each));
    pending = true;
    placeHandles();
    touch({ points });
  };

  const handleOf = (letter, i, states, first) => {
    const handle = svg("g",
      { class: "lcm-pair-handle", tabindex: first ? 0 : -1, role: "slider", "aria-label": `state ${letter}`, "aria-valuemin": -REACH, "aria-valuemax": REACH },
      svg("circle", { class: "lcm-focus", r: 15 }), svg("circle", { class: "lcm-pair-disc", r: 11 }), svg("text", { dy: "0.33em" }, letter));
    drag(handle, {
      start: () => { held = handle; },
      move: (x, y) => moved(i, inside(states.point(x, y))),
      end: (x, y) => { moved(i, inside(states.point(x, y))); release(); },
      cancel: () => release(),
    });
    handle.addEventListener("keydown", (event) => {
      const next = stepped(points[i], event.key, event.shiftKey, REACH);
      if (!next) return;
      event.preventDefault();
      moved(i, next);
    });
    return handle;
  };

  const release = () => {
    held = null;
    if (late) { const [data, width] = late; late = null; show(data, width); }
  };

  const show = (data, width) => {
    if (held) { late = [data, width]; return; }
    if (!data.columns?.length) { drawing?.remove(); drawing = null; columns = []; return; }
    const focused = [...element.querySelectorAll(".lcm-pair-handle")].indexOf(document.activeElement);
    drawing = canvas(element, width, 10, `The two sides of ${data.law} for states that can be moved`);
    const line = lineHeight(drawing), layout = columnsOf(data.columns.length, width);
    set(drawing, { height: partsOf(layout[0], line).height, viewBox: `0 0 ${width} ${partsOf(layout[0], line).height}` });
    if (!pending) points = model.get("answer").points ?? points;
    top = data.top;
    columns = [];
    data.columns.forEach((column, place) => {
      const parts = partsOf(layout[place], line);
      const part = drawing.appendChild(svg("g", { role: "group", "aria-label": column.name }));
      if (column.why) {
        part.append(paragraph(column.why, parts.states.left, parts.caption + line, parts.states.width, line));
        return;
      }
      columns.push({ place, ...columnOf(part, data, column, parts, line, !columns.length) });
    });
    placeHandles();
    placeResults();
    if (focused >= 0) element.querySelectorAll(".lcm-pair-handle")[focused]?.focus();
  };

  const columnOf = (part, data, column, parts, line, first) => {
    const { left, top: up, width, height } = parts.states;
    const states = frameOf(left, up, width, height, [REACH * 1.08, REACH * 1.08]);
    const seen = parts.results;
    const reach = reachOf(column.results.map((each) => each.map(asNumber)), seen.width, seen.height);
    const results = frameOf(seen.left, seen.top, seen.width, seen.height, reach);
    const baseline = (y) => y - 0.4 * line;
    if (first) { // the same for all columns
      const todo = `drag ${data.letters.join(", ")}`;
      part.append(svg("text", { x: left, y: baseline(up), class: "lcm-soft" }, todo));
      const begin = seen.top === up ? left + 0.45 * line * todo.length + 10 : seen.left; // on the same line, or below
      part.append(...legendOf(data.sides, begin, baseline(seen.top), line));
    }
    part.append(box(states), svg("path", { class: "lcm-dots", d: dotsOf(column.states, states) }));
    part.append(box(results), svg("path", { class: "lcm-dots", d: dotsOf(column.results, results) }));
    const one = (seen.width / 2) / reach[0]; // pixels of one s
    if (one < seen.width - 3 * line) {
      const x = seen.left + seen.width - 8 - one, y = seen.top + seen.height - 7;
      part.append(svg("path", { class: "lcm-scale-bar", d: `M${x} ${y - 3}v6m0-3h${one}m0-3v6` }));
      part.append(svg("text", { x: x + one, y: y - 7, "text-anchor": "end", class: "lcm-soft lcm-below" }, first ? "s: spread" : "1 s"));
    }
    if (first) // distances may look shorter than they are
      part.append(svg("text", { x: seen.left + 5, y: seen.top + line, class: "lcm-soft lcm-below" }, "2-D shadow"));
    const line_ = part.appendChild(svg("line", { class: "lcm-pair-distance" }));
    const left_ = part.appendChild(leftMark()), right = part.appendChild(rightMark());
    const handles = data.letters.map((letter, i) => part.appendChild(handleOf(letter, i, states, first)));
    return { states, results, line: column.line, line_, left: left_, right, handles, ...rulerOf(part, data, column, parts, line) };
  };

  const rulerOf = (part, data, column, { states, ruler, bar: { left: begin, top: high, width: length } }, line) => {
    const said = part.appendChild(svg("text", { x: states.left, y: ruler + 1.05 * line, class: "lcm-pair-error" }));
    const bar = svg("rect", { x: begin, y: high, height: line });
    part.append(bar, svg("rect", { x: begin, y: high, width: length, height: line, class: "lcm-plane-frame" }));
    const mean = asNumber(column.mean), at = begin + Math.min(mean / top, 1) * length;
    if (Number.isFinite(at)) {
      part.append(svg("path", { class: "lcm-scale-bar", d: `M${at} ${high - 3}v${line + 6}` }));
      const text = `mean ${amount(mean, data.rounding)}`, wide = text.length * 0.46 * line;
      const x = Math.max(begin, Math.min(at - 4, begin + length - wide));
      part.append(svg("text", { x, y: high + 2.2 * line, class: "lcm-soft" }, text));
    }
    return { said, bar, length };
  };

  const inside = ([u, v]) => [u, v].map((each) => Number(Math.min(Math.max(each, -REACH), REACH).toFixed(3)));
  model.on("change:answer", placeResults);
  return { show, end: () => model.off("change:answer", placeResults) };
});

const leftMark = () => svg("circle", { r: 6, class: "lcm-pair-left" });
const rightMark = () => svg("path", { d: "M-7 0L0-7L7 0L0 7Z", class: "lcm-pair-right" });

/** The two marks with their names, in one line. */
function legendOf([one, other], x, y, line) {
  const move = (mark, at) => { set(mark, { transform: `translate(${at} ${y - 0.33 * line})` }); return mark; };
  const second = x + 22 + one.length * 0.45 * line + 14;
  return [
    move(leftMark(), x + 7), svg("text", { x: x + 18, y }, one),
    move(rightMark(), second), svg("text", { x: second + 12, y }, other),
  ];
}
