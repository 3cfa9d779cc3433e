// A law's error over the plane of each operator's states; a mark that can be dragged names a pixel.

import { between, drag, number, place, scale, set, svg, view } from "../base/page/svg.js";
import { asNumber, box, canvas, columnsOf, dotsOf, frameOf, lineHeight, paragraph } from "./planes.js";

const HEIGHT = 290;

/** The pixel [row, column] at a point (u, v) of a map with pixels at these u and v. */
export function pixelAt([u, v], us, vs) {
  const nearest = (value, all) => {
    const step = all.length > 1 ? all[1] - all[0] : 1;
    return Math.min(Math.max(Math.round((value - all[0]) / step), 0), all.length - 1);
  };
  return [nearest(v, vs), nearest(u, us)];
}

/** The pixel that an arrow key leads to, or Home and End to the ends of the row; null for others. */
export function pixelAfter([row, column], key, shift, rows, across) {
  const far = shift ? 5 : 1;
  const way = { ArrowUp: [far, 0], ArrowDown: [-far, 0], ArrowLeft: [0, -far], ArrowRight: [0, far], Home: [0, -across], End: [0, across] }[key];
  if (!way) return null;
  const inside = (value, count) => Math.min(Math.max(value, 0), count - 1);
  return [inside(row + way[0], rows), inside(column + way[1], across)];
}

/** The reach of a map to the outer edges of its pixels, across and up. */
export function edgesOf(us, vs) {
  const half = (us[1] - us[0]) / 2;
  return [us.at(-1) + half, vs.length > 1 ? vs.at(-1) + half : half];
}

export default view(({ element, touch, model }) => {
  let drawing, columns = [], at = [0, 0], held = false, pending = false, late = null;

  const mark = () => {
    const data = model.get("data");
    for (const column of columns) {
      const { found, frame, mark_, said } = column;
      const [row, across] = [Math.min(at[0], found.v.length - 1), at[1]];
      const [x, y] = frame.place([found.u[across], found.v[row]]);
      const value = asNumber(found.values[row][across]);
      said.textContent = value <= data.rounding ? "0 s" : `${number(value)} s`;
      set(mark_, {
        transform: `translate(${x} ${y})`,
        "aria-valuenow": found.u[across].toFixed(1),
        "aria-valuetext": `u ${number(found.u[across])}, v ${number(found.v[row])}: error ${said.textContent}`,
      });
    }
  };

  const adopt = () => {
    const answer = model.get("answer");
    if (JSON.stringify(answer.pixel) === JSON.stringify(at)) pending = false;
    if (answer.pixel && !pending && !held) { at = answer.pixel; mark(); }
  };

  const moved = (pixel) => {
    if (String(pixel) === String(at)) return;
    at = pixel;
    pending = true;
    mark();
    touch({ pixel });
  };

  const release = () => {
    held = false;
    if (late) { const [data, width] = late; late = null; show(data, width); }
  };

  const show = (data, width) => {
    if (held) { late = [data, width]; return; }
    if (!data.columns?.length) { drawing?.remove(); drawing = null; columns = []; return; }
    const focused = element.querySelector(".lcm-map-mark:focus") !== null;
    drawing = canvas(element, width, 10, `The error of ${data.law} over the states`);
    const line = lineHeight(drawing), layout = columnsOf(data.columns.length, width);
    const high = Math.min(HEIGHT, layout[0].width), height = 1.6 * line + high + 2.8 * line;
    set(drawing, { height, viewBox: `0 0 ${width} ${height}` });
    if (!pending) at = model.get("answer").pixel ?? at;
    columns = [];
    data.columns.forEach((column, i) => {
      const part = drawing.appendChild(svg("g", { role: "group", "aria-label": column.name }));
      if (column.why) {
        part.append(paragraph(column.why, layout[i].left, 2.4 * line, layout[i].width, line));
        return;
      }
      columns.push(columnOf(part, data, column, { ...layout[i], top: 1.6 * line, high }, line, !columns.length));
    });
    scaleBar(drawing, data, layout.at(-1), height, line);
    mark();
    if (focused) element.querySelector(".lcm-map-mark")?.focus();
  };

  const columnOf = (part, data, found, { left, width, top, high }, line, first) => {
    const flat = found.v.length === 1;
    const frame = frameOf(left, flat ? top + high / 3 : top, width, flat ? high / 3 : high, edgesOf(found.u, found.v));
    const picture = svg("image", {
      x: frame.left, y: frame.top, width: frame.width, height: frame.height, preserveAspectRatio: "none",
      href: heat(found.values, data.top, scale(element, "error")), style: "image-rendering: pixelated",
    });
    const said = svg("text", { x: left, y: 1.05 * line, class: "lcm-pair-error" });
    const size = Math.max(frame.width / found.u.length, 12), tall = flat ? frame.height : Math.max(frame.height / found.v.length, 12);
    const square = (extra) => svg("rect", { x: -size / 2, y: -tall / 2, width: size, height: tall, ...extra });
    const mark_ = svg("g",
      { class: "lcm-map-mark", tabindex: first ? 0 : -1, role: "slider", "aria-label": "mark on the map", "aria-valuemin": found.u[0].toFixed(1), "aria-valuemax": found.u.at(-1).toFixed(1) },
      svg("rect", { class: "lcm-focus", x: -size / 2 - 5, y: -tall / 2 - 5, width: size + 10, height: tall + 10 }),
      square({ class: "lcm-map-halo" }), square({ class: "lcm-map-square" }));
    const area = box(frame, { class: "lcm-plane-frame lcm-map-area" });
    part.append(said, picture, svg("path", { class: "lcm-dots lcm-dots-small", d: dotsOf(found.dots, frame) }), mark_, area);
    const to = (x, y) => moved(pixelAt(frame.point(x, y), found.u, found.v));
    drag(area, {
      start: (event) => { held = true; to(...place(area, event)); mark_.focus({ preventScroll: true }); },
      move: to,
      end: (x, y) => { to(x, y); release(); },
      cancel: release,
    });
    mark_.addEventListener("keydown", (event) => {
      const next = pixelAfter(at, event.key, event.shiftKey, found.v.length, found.u.length);
      if (!next) return;
      event.preventDefault();
      moved(next);
    });
    const roomy = width > 13 * line;
    if (first && roomy && found.v.length > 1) part.append(svg("text", { x: left + width, y: 1.05 * line, "text-anchor": "end", class: "lcm-soft" }, "component 2 ↑"));
    const below = frame.top + frame.height + 1.1 * line;
    part.append(svg("text", { x: left, y: below, class: "lcm-soft" }, `−${number(found.u.at(-1))} σ`));
    if (roomy) part.append(svg("text", { x: left + width / 2, y: below, "text-anchor": "middle", class: "lcm-soft" }, "component 1 →"));
    part.append(svg("text", { x: left + width, y: below, "text-anchor": "end", class: "lcm-soft" }, `${number(found.u.at(-1))} σ`));
    return { found, frame, mark_, said };
  };

  const scaleBar = (around, data, { left, width }, height, line) => {
    const long = Math.min(160, width * 0.5), begin = left + width - long - 3.6 * line, y = height - 1.1 * line;
    const colours = scale(element, "error"), steps = 24;
    for (let i = 0; i < steps; i++)
      around.append(svg("rect", { x: begin + (i * long) / steps, y, width: long / steps + 0.5, height: 0.8 * line, fill: between(colours, i / (steps - 1)) }));
    around.append(svg("rect", { x: begin, y, width: long, height: 0.8 * line, class: "lcm-plane-frame" }));
    around.append(svg("text", { x: begin - 6, y: y + 0.7 * line, "text-anchor": "end", class: "lcm-soft" }, "error 0"));
    around.append(svg("text", { x: begin + long + 6, y: y + 0.7 * line, class: "lcm-soft" }, `${number(data.top)} s`));
  };

  model.on("change:answer", adopt);
  return { show, end: () => model.off("change:answer", adopt) };
});

/** A picture of the values, lowest v at the bottom; what is not finite stays empty. */
function heat(values, top, colours) {
  const canvas_ = document.createElement("canvas");
  canvas_.width = values[0].length;
  canvas_.height = values.length;
  const pen = canvas_.getContext("2d");
  values.forEach((row, i) => row.forEach((value, j) => {
    const error = asNumber(value);
    pen.fillStyle = Number.isFinite(error) ? between(colours, error / top) : "#888888";
    pen.fillRect(j, values.length - 1 - i, 1, 1);
  }));
  return canvas_.toDataURL();
}
