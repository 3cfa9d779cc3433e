// What panels need of the page as a whole: plots as wide as it, and keys that reach the controls.

/** Start it; a second call does nothing. */
export function startPage() {
  if (window.lcmPage) return;
  window.lcmPage = true;
  window.addEventListener("keydown", keepPlainKeys, true);
  document.addEventListener("plotlywidget-after-render", (e) => follow(e.detail.element));
  document.querySelectorAll(".lcm-panel .js-plotly-plot").forEach(follow);
}

// plotly draws a figure before it is on the page, when it has no width yet; and a responsive
// figure follows the window, but not the width of its cell. When a figure gets another height, plotly
// also fixes its width (it sizes both or none by itself), and would not follow anything any more.
let asked = false;
function askForResize() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; window.dispatchEvent(new Event("resize")); });
}

function follow(plot) {
  let width = 0, looks = 0, next = 0;
  const fit = () => { delete plot.layout?.width; askForResize(); };
  // A drawing that was on its way while the width changed has the old one: look again for a while.
  const look = () => {
    const drawn = plot.querySelector(".main-svg")?.getBoundingClientRect().width;
    if (drawn && Math.abs(drawn - width) > 1) fit();
    if (looks-- > 0) next = setTimeout(look, 300);
  };
  new ResizeObserver(([entry]) => {
    const now = Math.round(entry.contentRect.width);
    if (!now || now === width) return;
    width = now;
    looks = 8;
    clearTimeout(next);
    next = setTimeout(look, 300);
    fit();
  }).observe(plot);
}

/**
 * Sliders of ipywidgets, and menus without a label, have no name that a screen reader could say:
 * they get that of their label or tooltip, now and when their widget makes them anew. The function
 * returned ends it.
 */
export function nameControls(panel) {
  const name = () => {
    for (const handle of panel.querySelectorAll(".noUi-handle:not([aria-label])")) {
      const slider = handle.closest(".widget-hslider");
      const label = slider?.querySelector(".widget-label")?.textContent || slider?.title;
      if (label) handle.setAttribute("aria-label", label);
    }
    for (const menu of panel.querySelectorAll("select[title]")) {
      const label = menu.closest(".widget-dropdown")?.querySelector(".widget-label")?.textContent;
      if (!label) menu.setAttribute("aria-label", menu.title);
    }
  };
  const observer = new MutationObserver(name);
  observer.observe(panel, { childList: true, subtree: true, attributeFilter: ["title"] });
  name();
  return () => observer.disconnect();
}

// JupyterLab takes plain keys in a cell's output for its own: an arrow key in a menu would go to
// another cell, and the letter m would make the cell Markdown. Keys with a modifier stay Jupyter's.
function keepPlainKeys(event) {
  const control = event.target;
  if (!control.closest?.(".lcm-panel")) return;
  const modified = event.ctrlKey || event.metaKey || event.altKey
    || (event.shiftKey && event.key === "Enter");
  control.toggleAttribute("data-lm-suppress-shortcuts", !modified);
}
