// The trees of the tree explorer: play, drag leaves, move brackets, all by keyboard too.

import { drag, html, move, number, scale, set, still, svg, view } from "../base/page/svg.js";
import { Board } from "./tree_board.js";
import { painter } from "./tree_face.js";
import { neighbour, played, reordered } from "./tree_layout.js";

const HEIGHT = 312; // pixels, of one tree
const NARROW = 480; // below, two trees stand one above the other
const STEP = 300; // ms, to another level

const HINT = "Drag a leaf, click a node.";

export default view(({ element, touch, model }) => {
  const mine = Math.random().toString(36).slice(2);
  const drawing = svg("svg", { role: "group" });
  const info = html("span", { class: "lcm-tree-info" }, HINT);
  const legend = svg("svg", { class: "lcm-legend", "aria-hidden": "true" });
  const empty = html("p", { class: "lcm-tree-empty" });
  const foot = html("div", { class: "lcm-tree-foot" }, info, legend);
  element.append(drawing, empty, foot);
  const boards = [];
  let data = null, at = null, began = false, stop = () => {};
  let turns = 0, asked = null; // the last thing that the reader asked of the kernel
  let wanted = null; // the order of the leaves until the kernel has answered
  let focused = null, dragging = null;

  // Levels

  const deepest = () => Math.max(1, ...boards.map((board) => board.shape.depth));
  const reach = (level) => { at = level; for (const board of boards) board.reach(level); };

  function goTo(level) {
    if (model.get("playing")) return;
    stop();
    const from = at;
    const way = Math.abs(level - from) > 1.5 ? Math.sign(level - from) : level - from;
    stop = move(way > 0 ? STEP : 0, (share) => reach(share === 1 ? level : level - way * (1 - share)));
  }

  function play() {
    stop();
    if (!data || !boards.length) return;
    const depth = deepest(), from = Math.floor(at) >= depth ? 0 : Math.floor(at);
    let frame = 0, began = null, told = -1;
    const next = (now) => {
      began ??= now;
      const level = played(from, depth, now - began);
      reach(still() ? Math.floor(level) : level);
      if (Math.floor(level) !== told) {
        told = Math.floor(level);
        tell({ level: told, ...(level >= depth ? { playing: false } : {}) });
      }
      if (level < depth) frame = requestAnimationFrame(next);
    };
    frame = requestAnimationFrame(next);
    stop = () => cancelAnimationFrame(frame);
  }

  function tell(state) {
    for (const [name, value] of Object.entries(state)) model.set(name, value);
    model.save_changes();
  }

  const followLevel = () => { if (boards.length) goTo(model.get("level")); };
  const followPlay = () => { if (model.get("playing")) play(); else { stop(); followLevel(); } };
  model.on("change:level", followLevel);
  model.on("change:playing", followPlay);

  // What the reader does

  function ask(value) {
    asked = `${mine}:${++turns}`;
    touch({ turn: asked, ...value });
  }

  function reorder(board, from, to) {
    wanted = reordered(board.shape, wanted ?? data.order, from, to);
    for (const each of boards) each.arrange(wanted, dragging, 200);
    ask({ order: wanted });
  }

  function moveBracket(board, node) {
    if (!canMove(board, node)) return;
    const { first, last } = board.shape;
    ask({ bracket: [first[node.number], last[node.number]] });
  }

  const canMove = (board, node) =>
    board === boards[0] && !node.leaf && node.number !== board.shape.count - 1;

  function newNode(board, node) {
    node.board = board;
    node.g.lcmNode = node;
    if (!node.leaf) return;
    let before = null;
    const drop = () => { dragging = null; for (const each of boards) each.arrange(wanted, null, 150); };
    drag(node.g, {
      start: () => {
        dragging = node;
        before = wanted ?? data.order;
        while (node.g.nextSibling) node.g.before(node.g.nextSibling); // above all others; it stays focused
      },
      move: (across) => {
        const { fit, shape } = board, x = across - board.x;
        node.x = Math.min(Math.max(x, fit.left - fit.room / 2), fit.left + fit.room * (shape.n - 0.5));
        node.y = fit.bottom - 6;
        const slot = Math.min(Math.max(Math.round((x - fit.left) / fit.room), 0), shape.n - 1);
        if (slot !== node.slot) reorder(board, node.slot, slot);
        board.place();
      },
      end: drop,
      cancel: () => { wanted = before; drop(); ask({ order: wanted }); },
    });
  }

  const nodeOf = (event) => event.target.closest?.(".lcm-node")?.lcmNode;

  drawing.addEventListener("click", (event) => {
    const node = nodeOf(event);
    if (!node) return;
    focus(node);
    moveBracket(node.board, node);
  });

  drawing.addEventListener("keydown", (event) => {
    const node = nodeOf(event), { key } = event;
    if (!node || event.ctrlKey || event.metaKey) return;
    const { board } = node, aside = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
    if ((event.shiftKey || event.altKey) && aside) {
      const to = node.slot + aside;
      if (node.leaf && to >= 0 && to < board.shape.n) reorder(board, node.slot, to);
    } else if (key === "Enter" || key === " ") moveBracket(board, node);
    else if (aside || ["ArrowUp", "ArrowDown", "Home", "End"].includes(key)) {
      const from = node.leaf ? board.shape.leaves[node.slot] : node.number;
      const found = neighbour(board.shape, from, key);
      const element = found < board.shape.n ? (wanted ?? data.order)[found] : null;
      focus(element === null ? board.byNode[found] : board.nodes.get(`e${element}`));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function focus(node) {
    rove(node);
    node.g.focus();
  }

  /** One node of the picture is reached by Tab. */
  function rove(node) {
    if (focused) set(focused.g, { tabindex: -1 });
    focused = node;
    set(node.g, { tabindex: 0 });
  }

  for (const name of ["pointerover", "focusin"]) {
    drawing.addEventListener(name, (event) => {
      const node = nodeOf(event);
      if (!node || (dragging && node !== dragging)) return;
      if (name === "focusin") rove(node);
      info.textContent = node.board.about(node);
    });
  }
  drawing.addEventListener("pointerleave", () => {
    info.textContent = drawing.contains(document.activeElement) && focused ? focused.board.about(focused) : HINT;
  });
  drawing.addEventListener("focusout", () => { info.textContent = HINT; });

  // Drawing

  function drawLegend(letter) {
    legend.replaceChildren();
    const { title, low, high, from = low, scale: name } = boards[0].look;
    const told = name !== "error" && boards.every((board) => board.fits.every((fit) => fit.text));
    legend.style.display = told ? "none" : "";
    if (told) return; // the numbers are in the picture
    const paint = painter(scale(element, name), low, high);
    const texts = [title, number(from), number(high)].map((text) => [text, text.length * letter]);
    const strip = 72, x = texts[0][1] + texts[1][1] + 12, y = 1.6 * letter;
    const width = x + strip + texts[2][1] + 12, height = 2.3 * letter;
    set(legend, { viewBox: `0 0 ${width} ${height}`, width, height });
    legend.style.width = `${width}px`;
    const box = { y: 0.4 * letter, height: 1.4 * letter };
    for (let i = 0; i < 24; i++)
      legend.append(svg("rect", { ...box, x: x + 3 * i, width: 3.2, fill: paint(from + ((i + 0.5) / 24) * (high - from)) }));
    legend.append(
      svg("rect", { ...box, x, width: strip, fill: "none", class: "lcm-mark lcm-thin" }),
      svg("text", { y }, texts[0][0]),
      svg("text", { x: x - 4, y, "text-anchor": "end" }, texts[1][0]),
      svg("text", { x: x + strip + 4, y }, texts[2][0]),
    );
  }

  function showEmpty() {
    const none = !data.trees?.length;
    empty.textContent = none ? data.empty ?? "" : "";
    for (const part of [drawing, foot]) part.style.display = none ? "none" : "";
    empty.style.display = none ? "" : "none";
    if (none) while (boards.length) boards.pop().remove();
    return none;
  }

  return {
    show(given, width) {
      data = given;
      const ours = asked && data.heard !== asked && data.heard?.startsWith(mine);
      if (!ours && !dragging || wanted?.length !== data.order?.length) wanted = null; // it is answered
      if (showEmpty()) return;
      const letter = 7.2 * (parseFloat(getComputedStyle(element).getPropertyValue("--lcm-scale")) || 1);
      const columns = width < NARROW ? 1 : data.trees.length, rows = data.trees.length / columns;
      while (boards.length > data.trees.length) boards.pop().remove();
      while (boards.length < data.trees.length) boards.push(new Board(drawing, newNode));
      set(drawing, { viewBox: `0 0 ${width} ${HEIGHT * rows}`, height: HEIGHT * rows, "aria-label": data.label });
      const paints = {};
      for (const [name, look] of Object.entries(data.looks))
        paints[name] = look && painter(scale(element, look.scale), look.low, look.high);
      if (!model.get("playing") || at === null) { stop(); at = model.get("level"); }
      boards.forEach((board, i) => {
        board.x = (i % columns) * (width / columns);
        board.at = at;
        const box = { x: board.x, y: HEIGHT * Math.floor(i / columns), width: width / columns, height: HEIGHT, letter };
        if (boards.length > 1) box.trees = data.trees;
        board.show(data.trees[i], data, box, paints, wanted, dragging);
        board.nodesLayer.classList.toggle("lcm-movable", i === 0);
      });
      drawLegend(letter);
      if (!focused?.g.isConnected) rove(boards[0].byNode[boards[0].shape.leaves[0]]);
      if (!began) { began = true; if (model.get("playing")) play(); }
    },
    end() {
      stop();
      model.off("change:level", followLevel);
      model.off("change:playing", followPlay);
      for (const board of boards) board.remove();
    },
  };
});
