// The bar of a panel: More, Copy as code, Picture, Projector; and what it tells the kernel.

import { dark, html, onTheme, svg } from "./svg.js";
import { nameControls, startPage } from "./page.js";
import { download, pictureOf } from "./picture.js";

export default {
  initialize({ model }) {
    startPage();
    tellTheme(model);
    return onTheme(() => tellTheme(model));
  },
  render({ model, el: element }) {
    const panel = () => element.closest(".lcm-panel");
    const said = html("span", { role: "status", "aria-live": "polite" });
    const more = html("button", { type: "button", title: "further controls and numbers", class: "lcm-bar-more" });
    const copy = knob("Copy as code", "one line that restores this panel as it is now", COPY);
    copy.classList.add("lcm-bar-copy");
    const picture = knob("Picture", "the figure and its read-out as an SVG file", SAVE);
    const projector = knob("Projector", "larger letters, for a lecture hall", LARGER);
    const show = () => {
      panel()?.classList.toggle("lcm-more-open", model.get("more"));
      panel()?.classList.toggle("lcm-projector", model.get("projector"));
      more.setAttribute("aria-expanded", model.get("more"));
      more.textContent = model.get("more") ? "Less" : "More";
      projector.setAttribute("aria-pressed", model.get("projector"));
    };
    const toggle = (name) => () => {
      model.set(name, !model.get(name));
      model.save_changes();
    };
    more.onclick = toggle("more");
    projector.onclick = toggle("projector");
    copy.onclick = () => model.send({ ask: "code" });
    picture.onclick = () => {
      download(pictureOf(panel()), `${model.get("name")}.svg`);
      said.textContent = `saved as ${model.get("name")}.svg`;
    };
    const answered = async (message) => {
      if (message.code === undefined) return;
      const code = html("code", {}, message.code);
      try {
        await navigator.clipboard.writeText(message.code);
        said.replaceChildren("copied: ", code);
      } catch { // no permission, or no secure connection
        said.replaceChildren("copy this: ", code);
      }
    };
    model.on("msg:custom", answered);
    model.on("change:more change:projector", show);
    element.classList.add("lcm-bar");
    element.append(more, copy, picture, projector, said);
    let unname = () => {};
    const forget = whenOnPage(element, () => {
      const { classList } = panel();
      classList.toggle("lcm-still", classList.contains("jupyter-widgets-disconnected"));
      show();
      unname = nameControls(panel());
    });
    countView(model, 1);
    return () => {
      forget();
      unname();
      model.off("msg:custom", answered);
      model.off("change:more change:projector", show);
      countView(model, -1);
    };
  },
};

// The lines of icons of 16 × 16 pixels.
const COPY = "M6 5V2h8v9h-3M2 5h9v9H2Z";
const SAVE = "M8 2v8M4.5 6.5 8 10l3.5-3.5M2 10v4h12v-4";
const LARGER = "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4";

function knob(name, title, lines) {
  const icon = svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, svg("path", { d: lines }));
  return html("button", { type: "button", title: `${name}: ${title}`, "aria-label": name }, icon);
}

function tellTheme(model) {
  if (model.get("dark") === dark()) return;
  model.set("dark", dark());
  model.save_changes();
}

/** The kernel knows whether any page shows the panel: other pages count for themselves. */
function countView(model, more) {
  const views = (globalThis.lcmViews ??= new Map()), key = model.get("key");
  const first = !views.has(key);
  views.set(key, (views.get(key) ?? 0) + more);
  const tell = (leaving = false) => {
    model.set("left", leaving);
    model.set("views", leaving ? 0 : views.get(key));
    model.save_changes();
  };
  if (first) {
    let hidden = false;
    const turn = (gone) => {
      hidden = gone;
      if (views.get(key)) tell(gone);
    };
    model.on("change:views", () => {
      if (!hidden && views.get(key) > (model.get("views") ?? 0)) tell();
    });
    addEventListener("pagehide", () => turn(true));
    addEventListener("pageshow", ({ persisted }) => { if (persisted) turn(false); });
  }
  if (model.get("views") !== views.get(key)) tell();
}

function whenOnPage(element, work) {
  let frame = 0;
  const look = () => {
    if (element.closest(".lcm-panel")) work();
    else frame = requestAnimationFrame(look);
  };
  look();
  return () => cancelAnimationFrame(frame);
}
