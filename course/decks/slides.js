// Starts the slides, and gives each picture the room that is left on its slide.
"use strict";

requirejs(["scripts/dist/reveal.js", "scripts/plugin/notes/notes.js"], (Reveal, Notes) => {
  const HEIGHT = 684; // the number of the slide is below
  const LARGEST = 1.4; // for the back row

  // The largest scale at which the picture leaves nothing out; its layout may change with the scale.
  function fit() {
    const slide = Reveal.getCurrentSlide();
    const picture = slide?.querySelector(".celltag_slide-picture .jp-OutputArea");
    if (!picture) return;
    const from = slide.getBoundingClientRect();
    const top = (picture.getBoundingClientRect().top - from.top) / Reveal.getScale();
    for (let scale = LARGEST; scale > 0.3; scale -= 0.1) {
      picture.style.zoom = scale;
      const high = picture.scrollHeight * scale <= HEIGHT - top;
      if (high && picture.scrollWidth <= picture.clientWidth) return;
    }
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
