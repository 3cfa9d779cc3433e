// One tree on the page: nodes that glide to their places, edges, and states that rise and meet.

import { ease, move, number, set, svg } from "../base/page/svg.js";
import { face, halves, stateOf, written } from "./tree_face.js";
import { brackets, fitted, keysOf, real, shapeOf } from "./tree_layout.js";

const GLIDE = 300; // ms, of nodes to new places

/** Letters of the longest number of states. */
const longest = (states) => Math.max(...states.flatMap((state) => written(state).map((text) => text.length)));

export class Board {
  constructor(parent, newNode) {
    this.newNode = newNode;
    this.title = svg("text", { class: "lcm-tree-title" });
    this.waiting = svg("path", { class: "lcm-edge lcm-waiting-edge" });
    this.made = svg("path", { class: "lcm-edge" });
    this.trails = svg("path", { class: "lcm-edge" });
    this.nodesLayer = svg("g");
    this.tokensLayer = svg("g", { "aria-hidden": "true" });
    this.root = svg("g", {}, this.title, this.waiting, this.made, this.trails, this.nodesLayer, this.tokensLayer);
    parent.append(this.root);
    this.nodes = new Map(); // by key
    this.tokens = [];
    this.at = 0;
    this.stopGliding = () => {};
  }

  remove() {
    this.stopGliding();
    this.root.remove();
  }

  /**
   * Draw a tree in a box. Nodes that were there before glide to their new places, leaves to those of
   * the order that the reader wants (null: that of the data), but for the one that is dragged.
   * `paints` and `looks` are for states as "cells", and for the one number of each, "single".
   */
  show(tree, { order, names, looks, width }, around, paints, wanted, dragged) {
    const shape = shapeOf(tree.children), head = tree.title ? 2.2 * around.letter : 0;
    const box = { ...around, y: around.y + head, height: around.height - head };
    Object.assign(this, { shape, order, names, box, width });
    this.states = tree.states.map(stateOf);
    this.values = this.statesToDraw(looks.cells ? this.states : null, tree.values, box);
    this.texts = brackets(shape, names);
    this.look = looks[this.single ? "single" : "cells"];
    const paint = paints[this.single ? "single" : "cells"];
    set(this.root, { transform: `translate(${box.x}, ${box.y})` });
    this.title.textContent = tree.title;
    set(this.title, { x: 8, y: -0.4 * box.letter });
    this.keep(keysOf(shape, order));
    this.fit = this.fits[0];
    this.halves = this.fits.map((fit) => halves(fit, this.values[0].length));
    this.root.classList.toggle("lcm-many", shape.n > 64);
    const marks = new Map(tree.marks.map(([node, value]) => [node, real(value)]));
    const longest = Math.max(...names.map((name) => name.length)) * box.letter + 6;
    const every = Math.ceil(longest / this.fit.room); // as many names as there is room for
    this.byNode.forEach((node, i) => {
      Object.assign(node, { number: i, height: shape.height[i] });
      this.dress(node, paint, marks.get(i), shape.x[i] % every === 0);
    });
    this.arrange(wanted, dragged);
    this.done = -1;
    this.reach(this.at);
  }

  /** Cells where they fit, else the one number of each state. */
  statesToDraw(cells, values, box) {
    const { shape } = this;
    const fit = (states) => {
      const alone = !box.trees, cells = states[0].length, letters = new Array(shape.depth + 1).fill(1);
      if (alone || cells === 1)
        states.forEach((state, node) => {
          letters[shape.height[node]] = Math.max(letters[shape.height[node]], longest([state]));
        });
      else letters.fill(longest(box.trees.flatMap((tree) => tree.states.map(stateOf))));
      return fitted(shape, { ...box, cells, letters, alone });
    };
    if (cells) {
      this.fits = fit(cells);
      this.single = false;
      if (cells[0].length === 1 || this.fits.every((each) => each.kind !== "dot")) return cells;
    }
    const single = values.map((value) => stateOf([value]));
    this.fits = fit(single);
    this.single = true;
    return single;
  }

  /** Nodes by key; those whose key has gone become those that are new. */
  keep(keys) {
    const before = this.nodes, after = new Map();
    const wanted = new Set(keys);
    const gone = [...before.keys()].filter((key) => key[0] !== "e" && !wanted.has(key)).reverse();
    for (const key of keys) if (before.has(key)) after.set(key, before.get(key));
    this.byNode = keys.map((key, i) => {
      if (!after.has(key)) {
        const old = key[0] === "e" ? undefined : gone.pop();
        const node = before.get(old) ?? this.fresh(i < this.shape.n);
        after.set(key, node);
      }
      const node = after.get(key);
      node.key = key;
      return node;
    });
    const kept = new Set(after.values());
    for (const node of before.values()) if (!kept.has(node)) node.g.remove();
    this.nodes = after;
  }

  fresh(leaf) {
    const node = { leaf, x: null, y: null };
    node.hit = svg("rect", { class: "lcm-focus lcm-hit", rx: 4 });
    node.hollow = svg("circle", { class: "lcm-hollow" });
    node.face = svg("g");
    node.name = svg("text", { class: "lcm-leaf-name" });
    node.mark = svg("text", { class: "lcm-delta" });
    node.g = svg("g", { class: leaf ? "lcm-node lcm-leaf" : "lcm-node", role: "button", tabindex: -1 },
      node.hit, node.hollow, node.face, node.name, node.mark);
    this.nodesLayer.append(node.g);
    this.newNode(this, node);
    return node;
  }

  dress(node, paint, mark, named) {
    const { box } = this, i = node.number, fit = this.fits[node.height];
    const [halfWide, halfTall] = this.halves[node.height];
    const wide = Math.max(halfWide, Math.min(fit.room / 2 - 1, 12)) + 3;
    const tall = Math.max(halfTall, Math.min(fit.rise / 2 - 1, 12)) + 3;
    set(node.g, { "aria-label": this.about(node) });
    set(node.hit, { x: -wide, y: -tall, width: 2 * wide, height: 2 * tall });
    set(node.hollow, { r: Math.min(5, Math.max(1.5, halfTall)) });
    const drawn = face(this.values[i], fit, paint);
    node.face.replaceWith(drawn);
    node.face = drawn;
    set(node.name, { y: halfTall + 1.9 * box.letter });
    node.name.textContent = node.leaf && named ? this.names[i] : "";
    this.dressMark(node, mark, halfWide, halfTall);
  }

  /** The difference to the other tree: above the node, beside it where levels are near, or nowhere. */
  dressMark(node, mark, halfWide, halfTall) {
    const { fit, box: { letter }, shape } = this, i = node.number;
    const text = mark === undefined ? "" : `Δ ${number(Number(mark.toPrecision(2)))}`;
    const above = i === shape.count - 1 || fit.rise >= 2.6 * letter + 2 * halfTall;
    const long = text.length * letter + 6, x = fit.left + shape.x[i] * fit.room;
    const beside = fit.rise >= 2 * letter && fit.room > 4 * letter;
    node.mark.textContent = above || beside ? text : "";
    if (above) set(node.mark, { x: 0, y: -halfTall - 5, "text-anchor": "middle" });
    else if (x - halfWide - long >= 0) set(node.mark, { x: -halfWide - 5, y: 0.5 * letter, "text-anchor": "end" });
    else set(node.mark, { x: halfWide + 5, y: 0.5 * letter, "text-anchor": "start" });
    node.g.classList.toggle("lcm-apart", mark > 0);
  }

  /** What is known of a node, in words. */
  about(node) {
    const i = node.number, state = this.states[i];
    const shown = state.slice(0, 8).map(number).join(", ") + (this.width > 8 ? ", …" : "");
    const value = this.single && this.width > 1 ? `, ${this.look.title} ${number(this.values[i][0])}` : "";
    return `${this.texts[i]} = ${this.width > 1 ? `(${shown})` : shown}${value}`;
  }

  /** Where leaves are: as in the drawing, or in another order that the reader wants. */
  arrange(wanted, dragged = null, milliseconds = GLIDE) {
    const { shape, fit } = this;
    const slotOf = new Map();
    shape.leaves.forEach((leaf, slot) => slotOf.set((wanted ?? this.order)[leaf], slot));
    const moved = shape.leaves.map((leaf) => wanted !== null && wanted[leaf] !== this.order[leaf] ? 1 : 0);
    const before = [0];
    moved.forEach((each) => before.push(before.at(-1) + each));
    this.byNode.forEach((node, i) => {
      const slot = node.leaf ? slotOf.get(this.order[i]) : shape.x[i];
      node.slot = slot;
      node.to = [fit.left + slot * fit.room, fit.bottom - node.height * fit.rise];
      if (node.x === null) [node.x, node.y] = node.to; // a new node appears at its place
      node.from = [node.x, node.y];
      const stale = !node.leaf && before[shape.last[i] + 1] > before[shape.first[i]];
      node.g.classList.toggle("lcm-stale", stale);
    });
    this.stopGliding();
    const still = this.byNode.every((node) => node.from[0] === node.to[0] && node.from[1] === node.to[1]);
    this.stopGliding = move(still ? 0 : milliseconds, (share) => {
      for (const node of this.byNode) {
        if (node === dragged) continue;
        node.x = node.from[0] + share * (node.to[0] - node.from[0]);
        node.y = node.from[1] + share * (node.to[1] - node.from[1]);
      }
      this.place();
    });
  }

  /** Put all on the page where it is now. */
  place() {
    for (const node of this.byNode) {
      const transform = `translate(${node.x.toFixed(1)}, ${node.y.toFixed(1)})`;
      if (node.transform !== transform) set(node.g, { transform: node.transform = transform });
    }
    this.drawEdges();
    if (this.tokens.length) this.moveTokens();
  }

  drawEdges() {
    let made = "", waiting = "";
    this.shape.children.forEach((pair, i) => {
      const parent = this.byNode[this.shape.n + i];
      for (const child of pair) {
        const line = segment(this.byNode[child], parent.x, parent.y);
        if (parent.height <= this.done) made += line;
        else waiting += line;
      }
    });
    set(this.made, { d: made });
    set(this.waiting, { d: waiting });
  }

  /** Show the reduction as far as `at` levels: between two levels, states are on their way. */
  reach(at) {
    this.at = at;
    const level = Math.min(at, this.shape.depth), done = Math.floor(level + 1e-6);
    if (done !== this.done) {
      const born = done === this.done + 1;
      this.done = done;
      for (const node of this.byNode) {
        node.g.classList.toggle("lcm-waiting", node.height > done);
        node.g.classList.toggle("lcm-born", born && node.height === done && done > 0 && this.shape.n <= 32);
      }
      this.dropTokens();
      this.drawEdges();
    }
    this.part = level - done;
    if (this.part > 1e-3) {
      if (!this.tokens.length) this.makeTokens(done + 1);
      this.moveTokens();
    } else if (this.tokens.length) this.dropTokens();
  }

  makeTokens(height) {
    this.shape.children.forEach((pair, i) => {
      const parent = this.byNode[this.shape.n + i];
      if (parent.height !== height ) return;
      pair.forEach((child, side) => {
        const token = { g: this.byNode[child].face.cloneNode(true), child: this.byNode[child], parent, side: side ? 1 : -1 };
        this.tokensLayer.append(token.g);
        this.tokens.push(token);
      });
    });
  }

  moveTokens() {
    const share = ease(this.part);
    let trails = "";
    for (const { g, child, parent, side } of this.tokens) {
      const x = child.x + share * (parent.x - child.x), y = child.y + share * (parent.y - child.y);
      const apart = side * share * this.halves[child.height][0] * 0.5; // they meet side by side
      set(g, { transform: `translate(${(x + apart).toFixed(1)}, ${y.toFixed(1)}) scale(${(1 - 0.5 * share).toFixed(3)}, 1)` });
      trails += segment(child, x, y);
    }
    set(this.trails, { d: trails });
  }

  dropTokens() {
    this.tokens = [];
    this.tokensLayer.replaceChildren();
    set(this.trails, { d: "" });
  }
}

function segment(node, x, y) {
  return `M${node.x.toFixed(1)} ${node.y.toFixed(1)}L${x.toFixed(1)} ${y.toFixed(1)}`;
}
