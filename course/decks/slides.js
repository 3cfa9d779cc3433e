// Starts the slides, and makes a picture smaller that is larger than what is left of its slide.
"use strict";

requirejs(["scripts/dist/reveal.js", "scripts/plugin/notes/notes.js"], (Reveal, Notes) => {
  const HEIGHT = 700;

  function fit() {
    const slide = Reveal.getCurrentSlide();
    const picture = slide?.querySelector(".celltag_slide-picture .jp-OutputArea");
    if (!picture) return;
    picture.style.zoom = 1;
    const from = slide.getBoundingClientRect();
    const top = (picture.getBoundingClientRect().top - from.top) / Reveal.getScale();
    const room = (HEIGHT - top) / picture.scrollHeight;
    picture.style.zoom = Math.min(1, room, picture.clientWidth / picture.scrollWidth);
  }

  // Figures that were drawn while their slide was hidden look for their size again.
  function show() {
    window.dispatchEvent(new Event("resize"));
    fit();
    setTimeout(fit, 300);
  }

  Reveal.on("ready", show);
  Reveal.on("slidechanged", show);
  window.addEventListener("load", () => setTimeout(show, 500));
  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0,
    center: false,
    hash: true,
    slideNumber: "c/t",
    transition: "none",
    plugins: [Notes],
  });
  globalThis.Reveal = Reveal;
});
