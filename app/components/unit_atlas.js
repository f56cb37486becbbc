// All units of a layer as one picture a GPU: hover for values, click or arrow keys to choose, range switched here.
const STATES = new WeakMap();

function read(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headerLength)));
  return { ...header, pixels: bytes.subarray(4 + headerLength) };
}

// How many units side by side: a divisor of their number that makes the picture about four by three.
function columnsFor(count, height, width) {
  const wanted = Math.sqrt((count * 4 * height) / (3 * width));
  let best = 1;
  for (let c = 1; c <= count; c++) {
    if (count % c === 0 && Math.abs(Math.log(c / wanted)) < Math.abs(Math.log(best / wanted))) best = c;
  }
  return best;
}

function layout(view, tower) {
  const block = Math.max(1, Math.floor(12 / view.width)); // small maps are drawn in larger pixels
  const columns = columnsFor(tower.count, view.height, view.width);
  return { block, columns, cellWidth: view.width * block + 1, cellHeight: view.height * block + 1 };
}

function draw(view, tower, canvas, state) {
  const { block, columns, cellWidth, cellHeight } = layout(view, tower);
  canvas.width = columns * cellWidth - 1;
  canvas.height = Math.ceil(tower.count / columns) * cellHeight - 1;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const out = new Uint32Array(image.data.buffer);
  const channels = view.rgb ? 3 : 1, unitSize = view.height * view.width * channels;
  const low = Math.min(...view.lows), high = Math.max(...view.highs);
  for (let i = 0; i < tower.count; i++) {
    const unit = tower.first + i, left = (i % columns) * cellWidth, top = Math.floor(i / columns) * cellHeight;
    let scale = 1, shift = 0; // from the unit's own range to the layer's
    if (state.whole && !view.rgb) {
      scale = (view.highs[unit] - view.lows[unit]) / (high - low || 1);
      shift = (255 * (view.lows[unit] - low)) / (high - low || 1);
    }
    for (let y = 0; y < view.height; y++) {
      for (let x = 0; x < view.width; x++) {
        const at = unit * unitSize + (y * view.width + x) * channels;
        let colour;
        if (view.rgb) {
          colour = 0xff000000 | (view.pixels[at + 2] << 16) | (view.pixels[at + 1] << 8) | view.pixels[at];
        } else {
          const grey = Math.round(view.pixels[at] * scale + shift);
          colour = 0xff000000 | (grey * 0x010101);
        }
        for (let v = 0; v < block; v++) {
          const row = (top + y * block + v) * canvas.width + left + x * block;
          out.fill(colour, row, row + block);
        }
      }
    }
  }
  context.putImageData(image, 0, 0);
}

function mark(view, tower, canvas, outline, state) {
  const inside = state.unit >= tower.first && state.unit < tower.first + tower.count;
  outline.style.display = inside ? "block" : "none";
  if (!inside) return;
  const { columns, cellWidth, cellHeight } = layout(view, tower);
  const i = state.unit - tower.first;
  const percent = (value, of) => `${(100 * value) / of}%`;
  outline.style.left = percent((i % columns) * cellWidth, canvas.width);
  outline.style.top = percent(Math.floor(i / columns) * cellHeight, canvas.height);
  outline.style.width = percent(cellWidth - 1, canvas.width);
  outline.style.height = percent(cellHeight - 1, canvas.height);
}

function unitAt(view, tower, canvas, event) {
  const { columns, cellWidth, cellHeight, block } = layout(view, tower);
  const box = canvas.getBoundingClientRect();
  const x = ((event.clientX - box.left) * canvas.width) / box.width;
  const y = ((event.clientY - box.top) * canvas.height) / box.height;
  const column = Math.floor(x / cellWidth), row = Math.floor(y / cellHeight), i = row * columns + column;
  if (column < 0 || column >= columns || row < 0 || i >= tower.count) return null;
  const pixelX = Math.min(view.width - 1, Math.floor((x - column * cellWidth) / block));
  const pixelY = Math.min(view.height - 1, Math.floor((y - row * cellHeight) / block));
  return { unit: tower.first + i, pixelX, pixelY };
}

function describe(view, place) {
  const { unit } = place, name = `${view.unitWord} ${unit + 1}`;
  if (view.rgb) return name;
  if (view.highs[unit] === view.lows[unit]) return `${name}: ${view.silentWord}`;
  const quantised = view.pixels[unit * view.height * view.width + place.pixelY * view.width + place.pixelX];
  const value = view.lows[unit] + (quantised / 255) * (view.highs[unit] - view.lows[unit]);
  return `${name}: ${Number(value.toPrecision(3))}`;
}

export default function ({ parentElement, data, setStateValue }) {
  const view = read(data);
  const root = parentElement.querySelector(".atlas");
  const tip = root.querySelector(".tip"), range = root.querySelector(".range"), towers = root.querySelector(".towers");
  const state = STATES.get(root) ?? { whole: view.width === 1, unit: -1, layer: "" };
  STATES.set(root, state);
  if (state.layer !== view.layer) Object.assign(state, { layer: view.layer, whole: view.width === 1 });
  state.unit = view.selected;

  while (towers.children.length > view.towers.length) towers.lastChild.remove();
  while (towers.children.length < view.towers.length) {
    const figure = document.createElement("figure"), frame = document.createElement("div");
    frame.className = "frame";
    frame.append(document.createElement("canvas"), document.createElement("i"));
    figure.append(document.createElement("figcaption"), frame);
    towers.append(figure);
  }
  const all = view.towers.map((tower, i) => {
    const figure = towers.children[i];
    return { tower, figure, canvas: figure.querySelector("canvas"), outline: figure.querySelector("i") };
  });
  const choose = (unit, focus) => {
    const target = all.find(({ tower }) => unit >= tower.first && unit < tower.first + tower.count);
    if (!target) return;
    state.unit = unit;
    for (const { tower, canvas, outline } of all) mark(view, tower, canvas, outline, state);
    if (focus) target.canvas.focus();
    tip.textContent = describe(view, { unit, pixelX: 0, pixelY: 0 }).split(":")[0];
    setStateValue("unit", unit);
  };
  const paint = () => {
    for (const { tower, canvas, outline } of all) {
      draw(view, tower, canvas, state);
      mark(view, tower, canvas, outline, state);
    }
    range.textContent = state.whole ? view.wholeWord : view.perUnitWord;
  };
  for (const { tower, figure, canvas, outline } of all) {
    figure.querySelector("figcaption").textContent = tower.label;
    figure.style.setProperty("--tower", tower.colour);
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", tower.ariaLabel);
    outline.style.borderColor = tower.colour;
    canvas.onpointermove = (event) => {
      const place = unitAt(view, tower, canvas, event);
      tip.textContent = place ? describe(view, place) : "";
    };
    canvas.onpointerleave = () => (tip.textContent = "");
    canvas.onclick = (event) => {
      const place = unitAt(view, tower, canvas, event);
      if (place) choose(place.unit, false);
    };
    canvas.onkeydown = (event) => {
      const { columns } = layout(view, tower);
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
      if (!step) return;
      event.preventDefault();
      choose(state.unit < 0 ? tower.first : state.unit + step, true);
    };
  }
  range.style.display = view.rgb ? "none" : "inline-block";
  range.onclick = () => {
    state.whole = !state.whole;
    paint();
  };
  paint();
  root.dataset.painted = view.layer;
}
