// Names for a screen reader, where the theme and the widgets give none.
"use strict";

(() => {
  function nameParts() {
    for (const summary of document.querySelectorAll(".bd-links summary:not([aria-label])")) {
      const page = summary.closest("li")?.querySelector("a")?.textContent.trim();
      summary.setAttribute("aria-label", `pages below ${page}`);
    }
    for (const slider of document.querySelectorAll(".widget-slider")) {
      const label = slider.querySelector(".widget-label")?.textContent.trim() || "slider";
      for (const handle of slider.querySelectorAll("[role=slider]:not([aria-label])")) {
        handle.setAttribute("aria-label", label);
      }
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    nameParts();
    new MutationObserver(nameParts).observe(document.body, { childList: true, subtree: true });
  });
})();
