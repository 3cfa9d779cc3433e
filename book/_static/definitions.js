// Shows the definition of a word of the glossary while its link is hovered or focused.
"use strict";

(() => {
  const box = document.createElement("div");
  box.id = "definition";
  box.setAttribute("role", "tooltip");
  box.hidden = true;
  let waiting;

  function show(link) {
    clearTimeout(waiting);
    box.textContent = link.dataset.definition;
    box.hidden = false;
    link.setAttribute("aria-describedby", box.id);
    const at = link.getBoundingClientRect();
    const room = document.documentElement.clientWidth - box.offsetWidth - 8;
    const below = at.bottom + 6;
    const fits = below + box.offsetHeight < window.innerHeight;
    box.style.left = `${Math.max(8, Math.min(at.left, room))}px`;
    box.style.top = `${fits ? below : at.top - box.offsetHeight - 6}px`;
  }

  function hide() {
    clearTimeout(waiting);
    waiting = setTimeout(() => (box.hidden = true), 150); // time to move onto the box
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.body.append(box);
    box.addEventListener("mouseenter", () => clearTimeout(waiting));
    box.addEventListener("mouseleave", hide);
    for (const link of document.querySelectorAll("a[data-definition]")) {
      link.addEventListener("mouseenter", () => show(link));
      link.addEventListener("focus", () => show(link));
      link.addEventListener("mouseleave", hide);
      link.addEventListener("blur", hide);
    }
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") box.hidden = true;
    });
    document.addEventListener("scroll", () => (box.hidden = true), { passive: true });
  });
})();
