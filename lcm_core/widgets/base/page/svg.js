// What every view of ours is made of: SVG elements, colours of the theme, motion, dragging, keys.

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element with attributes and children; a string becomes text. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/** An HTML element, likewise. */
export function html(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function fill(element, attributes, children) {
  set(element, attributes);
  element.append(...children);
  return element;
}

/** Set attributes; null takes one away. */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, value);
  }
}

/** The colour at `share` (0 to 1) of a scale: a list of colours `#rrggbb` at equal distances. */
export function between(colours, share) {
  if (!Number.isFinite(share)) share = share > 0 ? 1 : 0;
  const at = Math.min(Math.max(share, 0), 1) * (colours.length - 1);
  const low = Math.min(Math.floor(at), colours.length - 2);
  const [a, b] = [channels(colours[low]), channels(colours[low + 1])];
  const mixed = a.map((value, i) => Math.round(value + (at - low) * (b[i] - value)));
  return `rgb(${mixed.join(", ")})`;
}

function channels(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

/** The colours of a scale of the theme, "error" or "signed", as the page has it now. */
export function scale(element, name) {
  const style = getComputedStyle(element);
  const found = [];
  for (let i = 0; ; i++) {
    const colour = style.getPropertyValue(`--lcm-${name}-${i}`).trim();
    if (!colour) return found;
    found.push(colour);
  }
}

/** Three significant digits, as in the read-outs: 0.126, 12.6, 1.26e-7, −3. */
export function number(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e6)
    ? value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e")
    : String(Number(value.toPrecision(3)));
  return text.replaceAll("-", "−");
}

/** Whether the reader wants less motion. */
export const still = () => globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? true;

/** Slow, fast, slow: a share of the time as a share of the way. */
export const ease = (t) => (t < 0.5 ? 2 * t * t : 1 - 2 * (1 - t) * (1 - t));

/** Call `step(share)` for each frame of `milliseconds`, at last with 1; the function returned ends it. */
export function move(milliseconds, step, done = () => {}) {
  let frame = 0;
  if (milliseconds <= 0 || still() || document.hidden) {
    step(1);
    done();
    return () => {};
  }
  const began = performance.now();
  const next = (now) => {
    const share = Math.min((now - began) / milliseconds, 1);
    step(ease(Math.max(share, 0)));
    if (share < 1) frame = requestAnimationFrame(next);
    else done();
  };
  frame = requestAnimationFrame(next);
  return () => cancelAnimationFrame(frame);
}

/**
 * Let an element be dragged, once a frame at most.
 * `on.start(event)`, `on.move(x, y)` and `on.end(x, y)` have places in the coordinates of the
 * svg's viewBox; `on.cancel()` is called instead of the end when the browser takes the pointer.
 */
export function drag(element, on) {
  element.classList.add("lcm-draggable");
  element.addEventListener("pointerdown", (down) => {
    if (down.button !== 0) return;
    down.preventDefault();
    element.focus?.();
    element.setPointerCapture(down.pointerId);
    element.classList.add("lcm-dragged");
    on.start?.(down);
    let last = down, frame = 0;
    const moved = (event) => {
      last = event;
      frame ||= requestAnimationFrame(() => { frame = 0; on.move?.(...place(element, last)); });
    };
    const over = (event) => {
      cancelAnimationFrame(frame);
      element.classList.remove("lcm-dragged");
      element.removeEventListener("pointermove", moved);
      element.removeEventListener("pointerup", over);
      element.removeEventListener("pointercancel", over);
      if (event.type === "pointerup") on.end?.(...place(element, event));
      else on.cancel?.();
    };
    element.addEventListener("pointermove", moved);
    element.addEventListener("pointerup", over);
    element.addEventListener("pointercancel", over);
  });
}

/** Where a pointer is, in the coordinates of the svg around an element. */
export function place(element, event) {
  const around = element.ownerSVGElement ?? element;
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(around.getScreenCTM().inverse());
  return [point.x, point.y];
}

/**
 * A widget of anywidget that draws `model.data` and follows the width of the page, the size of its
 * letters, and the theme.
 *
 * `make({ element, touch })` returns `{ show(data, width), end() }`. `touch(value)` tells the kernel
 * what the reader did: a plain object, of which only the last waits while the kernel is busy.
 */
export function view(make) {
  return {
    render({ model, el: element }) {
      element.classList.add("lcm-view");
      const touch = (value) => { model.set("value", value); model.save_changes(); };
      let picture, width = 0, size = 0;
      const guarded = (work) => {
        try {
          work();
          element.querySelector(":scope > .lcm-failure")?.remove();
        } catch (error) {
          console.error(error);
          element.querySelector(":scope > .lcm-failure")?.remove();
          element.prepend(html("div", { class: "lcm-failure", role: "alert" }, `This picture could not be drawn. ${error}`));
        }
      };
      let again = 0; // a view out of sight waits: letters have no width there
      const show = () => guarded(() => {
        clearTimeout(again);
        picture ??= make({ element, touch, model });
        if (!element.clientWidth) again = setTimeout(show, 100);
        else if (width) picture.show(model.get("data"), width);
      });
      const letter = element.appendChild(html("span", { class: "lcm-letter", "aria-hidden": "true" }));
      const observer = new ResizeObserver((entries) => {
        let changed = false;
        for (const entry of entries) {
          const now = Math.round(entry.contentRect.width);
          if (entry.target === letter) { changed ||= now !== size; size = now; }
          else if (now && now !== width) { changed = true; width = now; }
        }
        if (changed) show();
      });
      observer.observe(element);
      observer.observe(letter);
      model.on("change:data", show);
      const forget = onTheme(show);
      return () => {
        clearTimeout(again);
        observer.disconnect();
        model.off("change:data", show);
        forget();
        picture?.end?.();
      };
    },
  };
}

/** Whether the page is dark: JupyterLab says so, elsewhere the operating system. */
export function dark() {
  const light = document.body.getAttribute("data-jp-theme-light");
  return light === null ? matchMedia("(prefers-color-scheme: dark)").matches : light === "false";
}

/** Call `changed()` at each change of the theme; the function returned ends it. */
export function onTheme(changed) {
  let before = dark();
  const look = () => { if (dark() !== before) { before = dark(); changed(); } };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", look);
  return () => { observer.disconnect(); system.removeEventListener("change", look); };
}
