// The figures of a panel and its read-out as one SVG file, in the colours that the page shows.

import { set, svg } from "./svg.js";

const STYLES = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray",
  "stroke-linecap", "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight",
  "font-style", "text-anchor", "dominant-baseline", "visibility", "display", "clip-path",
];
const LETTER = 7.2, LINE = 20; // pixels, of a monospaced 12 px font

/** The panel as the text of an SVG file. */
export function pictureOf(panel) {
  const frame = panel.getBoundingClientRect();
  const root = svg("svg");
  let top = Infinity, bottom = 0;
  const parts = [...panel.querySelectorAll(".main-svg, .lcm-view svg, .lcm-view canvas, .gl-canvas canvas")]
    .filter((part) => part.getBoundingClientRect().width && !part.parentElement.closest("svg"));
  for (const part of parts) {
    const box = part.getBoundingClientRect();
    top = Math.min(top, box.top - frame.top);
    bottom = Math.max(bottom, box.bottom - frame.top);
  }
  if (!parts.length) top = 0;
  for (const part of parts) {
    const box = part.getBoundingClientRect();
    const copy = part instanceof HTMLCanvasElement ? imageOf(part) : styledCopy(part);
    set(copy, { x: box.left - frame.left, y: box.top - frame.top - top, width: box.width, height: box.height });
    root.append(copy);
  }
  const style = getComputedStyle(panel), lines = wrapped(words(panel), Math.floor(frame.width / LETTER));
  const height = bottom - top + LINE * (lines.length + 1);
  lines.forEach((line, i) => {
    const y = bottom - top + LINE * (i + 1);
    root.append(svg("text", { x: 4, y, fill: style.color, "font-size": 12, "font-family": "monospace" }, line));
  });
  root.prepend(svg("rect", { width: "100%", height: "100%", fill: style.backgroundColor }));
  set(root, { viewBox: `0 0 ${frame.width} ${height}`, width: frame.width, height });
  return new XMLSerializer().serializeToString(root);
}

/** What the read-outs in view say. */
function words(panel) {
  return [...panel.querySelectorAll("[role=status]")]
    .filter((area) => area.offsetParent !== null)
    .map((area) => area.innerText)
    .join("\n");
}

/** Lines of at most `length` letters, broken at spaces. */
export function wrapped(text, length) {
  const lines = [];
  for (const paragraph of text.split("\n").map((line) => line.replaceAll("\t", "  ").trimEnd())) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line && line.length + 1 + word.length > length) { lines.push(line); line = word; }
      else line = line ? `${line} ${word}` : word;
    }
    if (line) lines.push(line);
  }
  return lines;
}

function imageOf(canvas) {
  return svg("image", { href: canvas.toDataURL() });
}

function styledCopy(drawing) {
  const copy = drawing.cloneNode(true);
  const from = [drawing, ...drawing.querySelectorAll("*")], to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((element, i) => {
    const style = getComputedStyle(element);
    to[i].setAttribute("style", STYLES.map((name) => `${name}:${style.getPropertyValue(name)}`).join(";"));
  });
  return copy;
}

/** Give the reader a file. */
export function download(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
