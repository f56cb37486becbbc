// The network as in the paper's figure 2: a box a layer and GPU, lines where one reads the other.
const SVG = "http://www.w3.org/2000/svg";
const STEP = 57, BOX_WIDTH = 41, TALLEST = 104, GAP = 26, TOP = 40, LEFT = 4;

function add(parent, kind, attributes, text) {
  const element = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function boxHeight(layer) {
  return 14 + (TALLEST - 14) * Math.sqrt(layer.size / 224);
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".net");
  root.replaceChildren();
  const { layers, colours, alt } = data;
  const middles = data.towers === 2 ? [TOP + TALLEST / 2, TOP + TALLEST / 2 + TALLEST + GAP] : [TOP + TALLEST / 2];
  const bottom = middles.at(-1) + TALLEST / 2;
  const width = layers.length * STEP + LEFT, height = bottom + 64;
  const svg = add(root, "svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": alt });
  const middle = (middles[0] + middles.at(-1)) / 2;
  const rowsOf = (layer) => (layer.towers === 2 ? middles.map((y, i) => [y, colours[i]]) : [[middle, "currentColor"]]);

  layers.forEach((layer, i) => {
    if (i === 0) return;
    const before = layers[i - 1], x1 = (i - 1) * STEP + LEFT + BOX_WIDTH, x2 = i * STEP + LEFT;
    rowsOf(before).forEach(([y1, colour], from) => {
      rowsOf(layer).forEach(([y2], to) => {
        const across = from !== to && before.towers === 2 && layer.towers === 2;
        if (across && !layer.readsBoth) return;
        add(svg, "line", { x1, y1, x2, y2, stroke: colour, "stroke-width": across ? 2.5 : 1.5, opacity: across ? 1 : 0.55 });
      });
    });
  });
  layers.forEach((layer, i) => {
    const x = i * STEP + LEFT, h = boxHeight(layer);
    for (const [y, colour] of rowsOf(layer)) {
      const box = { x, y: y - h / 2, width: BOX_WIDTH, height: h, rx: 2, fill: colour, "fill-opacity": 0.16, stroke: colour };
      add(svg, "rect", box);
      add(svg, "text", { x: x + BOX_WIDTH / 2, y: y + 4, class: "units" }, layer.share);
    }
    add(svg, "text", { x: x + BOX_WIDTH / 2, y: 20, class: "name" }, layer.name);
    add(svg, "text", { x: x + BOX_WIDTH / 2, y: bottom + 24, class: "fact" }, layer.shape);
    add(svg, "text", { x: x + BOX_WIDTH / 2, y: bottom + 42, class: "fact" }, layer.parameters);
  });
  if (data.towers === 2) {
    const x = LEFT + STEP, h = boxHeight(layers[1]);
    middles.forEach((y, i) => {
      add(svg, "text", { x, y: y - h / 2 - 6, class: "gpu" }, `GPU${i + 1}`).style.fill = colours[i];
    });
  }
}
