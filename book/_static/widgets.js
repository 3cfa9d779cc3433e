// Panels on the page: where their script lies, and which of their themes the page has.
"use strict";

(() => {
  const scripts = new URL("panels/", document.currentScript.src).href;
  globalThis.lcmScripts = scripts;
  globalThis.requirejs?.config({ paths: { anywidget: `${scripts}anywidget` } });

  // Widgets ask an older MathJax to set their labels, in which there are no formulas.
  if (globalThis.MathJax) {
    const older = { Queue() {} };
    MathJax.Hub = older;
    MathJax.startup = {
      ready() {
        MathJax.Hub = older;
        MathJax.startup.defaultReady();
      },
    };
  }

  const page = document.documentElement;
  const tell = () => {
    document.body.dataset.jpThemeLight = String(page.dataset.theme !== "dark");
  };
  document.addEventListener("DOMContentLoaded", () => {
    tell();
    new MutationObserver(tell).observe(page, { attributes: true, attributeFilter: ["data-theme"] });
  });
})();
