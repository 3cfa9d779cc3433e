// The contrast of each text and each mark of a panel, from 1 to 21, as the page has them now.
//
// A text lies on the last filled shape before it that holds its middle, or on the background of the
// nearest element that has one. A mark is seen by its outline or by its fill. What is disabled is
// exempt.
(panel) => {
    const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        if (!colour || colour === "none" || colour.startsWith("url")) return [0, 0, 0, 0];
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], below, opacity = 1) =>
        [r, g, b].map((each, i) => a * opacity * each + (1 - a * opacity) * below[i]);
    const light = (colour) => colour
        .map((each) => each / 255)
        .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
        .reduce((sum, each, i) => sum + [0.2126, 0.7152, 0.0722][i] * each, 0);
    const ratio = (one, other) => {
        const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    const style = (element) => getComputedStyle(element);
    const groundOf = (element) => {
        const layers = [];
        for (let each = element; each; each = each.parentElement) {
            const colour = rgba(style(each).backgroundColor);
            layers.unshift(colour);
            if (colour[3] === 1) break;
        }
        return layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const opacityOf = (element) => {
        let opacity = 1;
        for (let each = element; each && each !== panel; each = each.parentElement)
            opacity *= Number(style(each).opacity);
        return opacity;
    };
    const shown = (element) => {
        const { width, height } = element.getBoundingClientRect();
        return width + height > 0 && style(element).visibility === "visible" && opacityOf(element) > 0;
    };
    const found = [];
    const note = (kind, contrast, what) =>
        found.push({ kind, contrast: Math.round(100 * contrast) / 100, what: what.trim().slice(0, 60) });

    for (const drawing of panel.querySelectorAll("svg")) {
        if (drawing.parentElement.closest("svg") || !shown(drawing)) continue;
        const paper = groundOf(drawing.parentElement);
        const shapes = [...drawing.querySelectorAll("rect, circle, path, image, text")].filter(shown);
        shapes.forEach((shape, i) => {
            if (shape.localName !== "text" || !shape.textContent.trim()) return;
            const box = shape.getBoundingClientRect(), own = style(shape);
            const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
            let below = paper, known = true; // what an image has there is not known
            for (const each of shapes.slice(0, i)) {
                if (each.localName === "text") continue;
                const b = each.getBoundingClientRect(), s = style(each);
                if (x < b.left || x > b.right || y < b.top || y > b.bottom) continue;
                const fill = rgba(s.fill), opacity = Number(s.fillOpacity) * opacityOf(each);
                if (each.localName === "image") known = false;
                else if (fill[3] * opacity > 0.9) known = true;
                below = over(fill, below, opacity);
            }
            if (own.paintOrder.startsWith("stroke") && own.stroke !== "none")
                below = over(rgba(own.stroke), below); // letters with a halo
            const ink = over(rgba(own.fill), below, Number(own.fillOpacity) * opacityOf(shape));
            if (known) note("text", ratio(ink, below), shape.textContent);
        });
        const marks = ".lcm-mark, .lcm-place:not(.lcm-bare), .lcm-edge, .lcm-pair-disc, .lcm-pair-left, "
            + ".lcm-pair-right, .lcm-map-square, .lcm-compare-dot, .point, .js-line, .bars path";
        for (const mark of drawing.querySelectorAll(marks)) {
            if (!shown(mark)) continue;
            const s = style(mark), opacity = opacityOf(mark);
            const outline = parseFloat(s.strokeWidth) > 0 ? over(rgba(s.stroke), paper, Number(s.strokeOpacity) * opacity) : paper;
            const fill = over(rgba(s.fill), paper, Number(s.fillOpacity) * opacity);
            note("mark", Math.max(ratio(outline, paper), ratio(fill, paper)), mark.getAttribute("class"));
        }
    }
    const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (!node.data.trim() || element.closest("svg, option, style, :disabled") || !shown(element)) continue;
        if (element.closest("label")?.control?.disabled) continue;
        const below = groundOf(element);
        note("text", ratio(over(rgba(style(element).color), below, opacityOf(element)), below), node.data);
    }
    for (const field of panel.querySelectorAll("select:enabled, input:enabled, textarea:enabled")) {
        if (!shown(field)) continue;
        const below = groundOf(field);
        note("text", ratio(over(rgba(style(field).color), below), below), field.value || field.localName);
    }
    return found;
}
