// The law beside the curves: answers of all bracketings, the same as a solid, or a map of the error.

import { between, drag, move, number, scale, set, svg, view } from "../base/page/svg.js";
import { mark, onLetters } from "./marks.js";

export const WINDOW = 1.5; // units of s from the centre to the edge
const EYE = 4.0; // distance from the centre, where the furthest vertex is at 1
const SHAPES = ["circle", "square", "diamond", "triangle", "cross"];
const MILLISECONDS = 300;
export const FULL = 0.5; // of the spread s

/** Frames of `count` pictures in a box: one, two side by side, or two rows of two. */
export function tiles(count, width, height) {
  const columns = Math.min(count, 2), rows = Math.ceil(count / 2);
  return Array.from({ length: count }, (_, i) => ({
    x: (i % 2) * (width / columns),
    y: Math.floor(i / 2) * (height / rows),
    width: width / columns,
    height: height / rows,
  }));
}

/** x, y (upwards) and nearness of places in space, seen from an angle (degrees). */
export function project(places, turn, tilt) {
  const [a, b] = [turn, tilt].map((angle) => (angle * Math.PI) / 180);
  return places.map(([px, py, pz]) => {
    const x = Math.cos(a) * px + Math.sin(a) * py;
    const away = -Math.sin(a) * px + Math.cos(a) * py;
    const y = Math.cos(b) * pz + Math.sin(b) * away;
    const near = Math.sin(b) * pz - Math.cos(b) * away;
    const larger = EYE / (EYE - near);
    return [x * larger, y * larger, near];
  });
}

/** One path through all edges of points (x, y). */
export function web(points, edges) {
  return edges.map(([a, b]) => `M${at(points[a])}L${at(points[b])}`).join("");
}

const at = ([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`;

/** Numbers between two lists of the same length. */
export function blend(from, to, share) {
  return to.map((value, i) => from[i] + share * (value - from[i]));
}

/** What the reader's keys do to the state {chosen, turn, tilt}; null for any other key. Where nothing is chosen yet, the first is. */
export function keyed(state, key, shift, count) {
  const { turn, tilt } = state, chosen = state.chosen ?? 0;
  if (shift || key === "ArrowUp" || key === "ArrowDown") {
    if (key === "ArrowLeft") return { ...state, turn: (turn + 350) % 360 };
    if (key === "ArrowRight") return { ...state, turn: (turn + 10) % 360 };
    if (key === "ArrowUp") return { ...state, tilt: Math.min(tilt + 10, 90) };
    if (key === "ArrowDown") return { ...state, tilt: Math.max(tilt - 10, -90) };
  }
  if (key === "ArrowLeft") return { ...state, chosen: (chosen + count - 1) % count };
  if (key === "ArrowRight") return { ...state, chosen: (chosen + 1) % count };
  if (key === "Home") return { ...state, chosen: 0 };
  if (key === "End") return { ...state, chosen: count - 1 };
  return null;
}

/** Five small clouds: each set's answers in its own colour and shape, joined by single moves. */
function answers(panel, frame) {
  const unit = (Math.min(frame.width, frame.height) / 2 - 6) / WINDOW; // a mark at the edge is whole
  const [cx, cy] = [frame.x + frame.width / 2, frame.y + frame.height / 2];
  const group = svg("g");
  const sets = panel.points.map((points, i) => {
    const own = `var(--lcm-set-${i % 5})`;
    const lines = svg("path", { class: "lcm-web", style: `stroke:${own}` });
    const dots = points.map((_, k) => svg("path", {
      d: mark(SHAPES[i % 5], 4.5), class: "lcm-mark", style: `fill:${own}`, "data-k": k,
    }));
    const ring = svg("circle", { r: 9, class: "lcm-ring" });
    group.append(lines, ...dots, ring);
    return { lines, dots, ring, count: points.length };
  });
  return {
    group,
    values: panel.points.flat(2),
    draw(values, state) {
      let place = 0;
      for (const { lines, dots, ring, count } of sets) {
        const points = [];
        for (let k = 0; k < count; k++, place += 2) {
          const [x, y] = [values[place], values[place + 1]].map((v) => Math.max(-WINDOW, Math.min(WINDOW, v)));
          points.push([cx + unit * x, cy - unit * y]);
          dots[k].setAttribute("transform", `translate(${at(points[k])})`);
        }
        lines.setAttribute("d", web(points, panel.edges));
        const own = points[(state.chosen ?? 0) % count];
        set(ring, { cx: own[0], cy: own[1] });
      }
    },
  };
}

/** The polytope of all bracketings or orders, coloured by how far apart the answers of one set are. */
function solid(panel, frame, root) {
  const half = Math.min(frame.width, frame.height) / 2 / 1.12;
  const [cx, cy] = [frame.x + frame.width / 2, frame.y + frame.height / 2];
  const group = svg("g");
  const tubes = panel.edges.map(() => [svg("line", { class: "lcm-tube" }), svg("line", { class: "lcm-core" })]);
  const balls = panel.places.map((_, k) => svg("circle", { class: "lcm-mark", "data-k": k }));
  const ring = svg("circle", { class: "lcm-ring" });
  let seen = "";
  const turned = (state) => {
    seen = `${state.turn} ${state.tilt}`;
    const places = project(panel.places, state.turn, state.tilt);
    const items = [];
    panel.edges.forEach(([a, b], e) => {
      const ends = { x1: cx + half * places[a][0], y1: cy - half * places[a][1], x2: cx + half * places[b][0], y2: cy - half * places[b][1] };
      tubes[e].forEach((tube) => set(tube, ends));
      items.push([(places[a][2] + places[b][2]) / 2 - 0.01, ...tubes[e]]);
    });
    places.forEach(([x, y, near], k) => {
      set(balls[k], { cx: cx + half * x, cy: cy - half * y, r: Math.max(4, (half / 14) * (1 + 0.4 * near)) });
      items.push([near, balls[k]]);
    });
    items.sort((one, other) => one[0] - other[0]);
    group.replaceChildren(...items.flatMap(([, ...parts]) => parts), ring);
  };
  return {
    group,
    values: [...panel.deviations, ...panel.jumps],
    draw(values, state) {
      if (seen !== `${state.turn} ${state.tilt}`) turned(state);
      const colours = scale(root, "error");
      balls.forEach((ball, k) => { ball.style.fill = between(colours, shade(values[k])); });
      tubes.forEach(([, core], e) => { core.style.stroke = between(colours, shade(values[balls.length + e])); });
      const ball = balls[(state.chosen ?? 0) % balls.length];
      set(ring, { cx: ball.getAttribute("cx"), cy: ball.getAttribute("cy"), r: Number(ball.getAttribute("r")) + 5 });
    },
  };
}

/** A plane through the states: at each place how far (x ⊕ y) ⊕ z and x ⊕ (y ⊕ z) are apart. */
function map(panel, frame, root) {
  const side = Math.min(frame.width, frame.height) - 8;
  const image = svg("image", {
    x: frame.x + (frame.width - side) / 2, y: frame.y + (frame.height - side) / 2,
    width: side, height: side, preserveAspectRatio: "none", class: "lcm-map-image",
  });
  const edge = svg("rect", { x: image.getAttribute("x"), y: image.getAttribute("y"), width: side, height: side, class: "lcm-frame" });
  const rows = panel.map.length, columns = panel.map[0].length;
  return {
    group: svg("g", {}, image, edge),
    values: panel.map.flat(),
    draw(values) {
      const canvas = document.createElement("canvas"), colours = scale(root, "error");
      canvas.width = columns;
      canvas.height = rows;
      const pen = canvas.getContext("2d");
      values.forEach((value, i) => {
        pen.fillStyle = between(colours, shade(value));
        pen.fillRect(i % columns, rows - 1 - Math.floor(i / columns), 1, 1);
      });
      image.setAttribute("href", canvas.toDataURL());
    },
  };
}

/** The share of the colour scale of an error; the darkest colour is `FULL` or more. */
export const shade = (error) => (typeof error === "number" ? Math.min(Math.max(error / FULL, 0), 1) : 1);

/** What can be chosen in a picture: the bracketings or orders of the recipe that controls speak of. */
function namesOf({ kind, panels, first }) {
  return kind === "map" ? [] : (panels[first]?.names ?? []);
}

const KINDS = { answers, solid, map };

export default view(({ element, touch }) => {
  const root = svg("svg", { tabindex: 0, class: "lcm-picture" });
  element.append(root);
  let data = { kind: "", panels: [], first: 0 }, width = 0, scenes = [], shape = "";
  let state = { chosen: null, turn: 20, tilt: 20 }, given = "", pending = "";
  let end = () => {}, foot = svg("text");
  const redraw = () => { for (const scene of scenes) scene.draw(scene.now, state); say(); };
  const tell = () => { pending = JSON.stringify(state); touch({ ...state }); };
  const change = (next) => { state = next; redraw(); tell(); };

  function say() {
    const names = namesOf(data), place = (state.chosen ?? 0) % Math.max(names.length, 1);
    const far = names.length ? `${names[place]}: ${number(data.panels[data.first].deviations[place])} spreads off its mean` : "";
    const told = state.chosen !== null || root.matches(":focus");
    foot.textContent = fitted(told ? far : data.hint ?? "", width / 6);
    root.classList.toggle("lcm-told", told);
    set(root, names.length ? {
      role: "slider", "aria-label": data.label, "aria-valuemin": 1, "aria-valuemax": names.length,
      "aria-valuenow": place + 1, "aria-valuetext": far,
    } : { role: "img", "aria-label": data.label ?? "", "aria-valuemin": null, "aria-valuemax": null, "aria-valuenow": null, "aria-valuetext": null });
  }

  function build() {
    const letters = parseFloat(getComputedStyle(root).fontSize) || 12, line = Math.round(letters * 1.5);
    const top = line + 4;
    const keyed = data.kind === "answers" ? 0 : line; // colours of an error have a key of their own
    const tall = (data.height ?? 300) + line - keyed;
    const inner = Math.min(data.panels.length === 2 ? width / 2 + line : width, tall);
    const height = top + inner + line + keyed + 4;
    set(root, { height, viewBox: `0 0 ${width} ${height}` });
    root.classList.toggle("lcm-draggable", data.kind === "solid");
    const heading = svg("text", { y: letters, class: "lcm-plot-title" }, data.title ?? "");
    foot = svg("text", { y: top + inner + line });
    root.replaceChildren(heading, foot);
    if (keyed) root.append(key(top + inner + 2 * line, letters));
    const frames = tiles(data.panels.length, width, inner);
    const titles = data.panels.map((panel, i) => twoLines(panel.title ?? "", (frames[i].width - 8) / (letters * 0.56)));
    const titled = line * Math.max(0, ...titles.map((lines) => lines.length));
    scenes = frames.map((frame, i) => {
      const panel = data.panels[i];
      titles[i].forEach((text, k) =>
        root.append(svg("text", { x: frame.x + 2, y: top + frame.y + letters + k * line }, text)));
      const inside = { x: frame.x, y: top + frame.y + titled, width: frame.width, height: frame.height - titled };
      if (panel.words) {
        root.append(svg("text", { x: inside.x + inside.width / 2, y: inside.y + inside.height / 2, "text-anchor": "middle", class: "lcm-soft" }, panel.words));
        return { values: [], now: [], draw() {} };
      }
      const scene = KINDS[data.kind](panel, inside, root);
      root.append(scene.group);
      return { ...scene, now: scene.values };
    });
  }

  /** What the colours mean. */
  function key(y, letters) {
    const colours = scale(root, "error"), parts = [];
    for (let i = 0; i < 20; i++)
      parts.push(svg("rect", { x: 20 + 4 * i, y: -letters + 2, width: 4.5, height: letters, fill: between(colours, i / 19) }));
    parts.push(svg("rect", { x: 20, y: -letters + 2, width: 80.5, height: letters, class: "lcm-frame" }));
    return svg("g", { transform: `translate(0,${y})` }, svg("text", { x: 4 }, "0"), ...parts,
      svg("text", { x: 106 }, `${FULL} spreads apart, or more`));
  }

  drag(root, {
    start(event) { this.k = event.target.dataset?.k; this.from = null; this.began = { ...state }; },
    move(x, y) {
      this.from ??= [x, y];
      if (data.kind !== "solid") return;
      state = {
        ...state,
        turn: (((this.began.turn - (x - this.from[0]) / 2) % 360) + 360) % 360,
        tilt: Math.max(-90, Math.min(90, this.began.tilt + (y - this.from[1]) / 2)),
      };
      redraw();
    },
    end(x, y) {
      const moved = this.from && Math.hypot(x - this.from[0], y - this.from[1]) > 3;
      if (!moved && this.k !== undefined) change({ ...state, chosen: Number(this.k) });
      else if (moved && data.kind === "solid") tell();
    },
    cancel() { state = this.began; redraw(); },
  });
  for (const name of ["focus", "blur"]) root.addEventListener(name, say);
  root.addEventListener("keydown", (event) => {
    const names = namesOf(data);
    if (event.ctrlKey || event.metaKey || event.altKey || !names.length) return;
    const next = keyed(state, event.key, event.shiftKey, names.length);
    if (!next) return;
    event.preventDefault();
    change(next);
  });

  const forget = onLetters(element, () => { if (width) { build(); redraw(); } });

  return {
    show(next, nextWidth) {
      if (!next.panels) return;
      end();
      const before = scenes.map((scene) => scene.now);
      data = next;
      width = nextWidth;
      const told = JSON.stringify(data.state ?? null);
      if (data.state && told !== given) {
        given = told;
        if (!pending || pending === told) { state = { ...data.state }; pending = ""; } // else an older one
      }
      build();
      const now = [data.kind, width, ...scenes.map((scene) => scene.values.length)].join();
      const same = now === shape && data.kind !== "map";
      shape = now;
      if (scenes.some((scene) => scene.values.length)) // the dots are there: now plotly may freeze the page
        requestAnimationFrame(() => setTimeout(() => globalThis.lcmPlotly?.want()));
      if (!same) { redraw(); return; }
      const to = scenes.map((scene) => scene.values);
      end = move(MILLISECONDS, (share) => {
        scenes.forEach((scene, i) => { scene.now = blend(before[i], to[i], share); });
        redraw();
      });
    },
    end() { end(); forget(); },
  };
});

/** A text cut to so many letters. */
export function fitted(text, letters) {
  return text.length <= letters ? text : `${text.slice(0, Math.max(1, Math.floor(letters) - 1))}…`;
}

/** A text in at most two lines of so many letters, broken at a space. */
export function twoLines(text, letters) {
  if (text.length <= letters) return text ? [text] : [];
  const space = text.lastIndexOf(" ", letters);
  return space < 1 ? [fitted(text, letters)] : [text.slice(0, space), fitted(text.slice(space + 1), letters)];
}
