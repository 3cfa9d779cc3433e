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

  function letScroll() { // formulas and tables that are wider than the page
    for (const part of document.querySelectorAll("mjx-container[display=true], .widget-html-content")) {
      if (part.scrollWidth > part.clientWidth) part.setAttribute("tabindex", "0");
      else part.removeAttribute("tabindex");
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    nameParts();
    letScroll();
    addEventListener("resize", letScroll);
    document.addEventListener("toggle", letScroll, true);
    const changed = () => { nameParts(); letScroll(); };
    new MutationObserver(changed).observe(document.body, { childList: true, subtree: true });
  });
})();
