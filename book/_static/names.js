// Names for a screen reader, where the theme and the widgets give none; what scrolls does so by keyboard.
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

  function focusFormulas() { // those that are wider than the page
    for (const formula of document.querySelectorAll("mjx-container[display=true]")) {
      if (formula.scrollWidth > formula.clientWidth) formula.setAttribute("tabindex", "0");
      else formula.removeAttribute("tabindex");
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    nameParts();
    focusFormulas();
    addEventListener("resize", focusFormulas);
    document.addEventListener("toggle", focusFormulas, true);
    const changed = () => { nameParts(); focusFormulas(); };
    new MutationObserver(changed).observe(document.body, { childList: true, subtree: true });
  });
})();
