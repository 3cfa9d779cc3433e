// A button that sends a file to the kernel piece by piece, each when the kernel asks for it.

import { html } from "../../base/page/svg.js";

const PIECE = 1 << 20; // bytes: Jupyter's server closes the connection at 10 MB a message

export default {
  render({ model, el: element }) {
    const field = html("input", { type: "file", "aria-label": "Upload a file from your computer" });
    const label = html("label", { title: "from your computer, into the folder of the notebook" }, "Upload …", field);
    let file = null, key = "";
    field.onchange = () => {
      [file] = field.files;
      field.value = ""; // the same file may be chosen again
      if (!file) return;
      key = `${Date.now()}-${Math.random()}`;
      model.send({ key, name: file.name, size: file.size });
    };
    const asked = async (message) => {
      if (message.key !== key || !file) return;
      try {
        const piece = await file.slice(message.from, message.from + PIECE).arrayBuffer();
        model.send({ key, from: message.from }, undefined, [piece]);
      } catch (error) { // the file was moved or changed meanwhile
        model.send({ key, failed: String(error) });
      }
    };
    model.on("msg:custom", asked);
    element.classList.add("lcm-upload");
    element.append(label);
    return () => model.off("msg:custom", asked);
  },
};
