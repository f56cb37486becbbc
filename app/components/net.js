// The network as in the paper's Figure 2: a box a layer and GPU with its strongest map, lines as thick as the traffic.
// For the other components it keeps what the network computed, which comes apart (net_seen.js), with what the server's panels show:
// `alexnet.seen`, and what is looked at: `alexnet.view`.
const SVG = "http://www.w3.org/2000/svg";
const LEFT = 74, MIN_STEP = 52, MAX_STEP = 80, ROWS = [30, 116], TALL = 58, FACTS = 196;
const shared = (globalThis.alexnet ??= Object.assign(new EventTarget(), {}));
const STATES = new WeakMap();

function element(parent, kind, className, text) {
  const made = document.createElement(kind);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function svgElement(parent, kind, attributes, text) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function strongest(seen, layer, first, count) {
  let best = first;
  for (let unit = first; unit < first + count; unit++) {
    if (seen.highs[layer.first + unit] > seen.highs[layer.first + best]) best = unit;
  }
  return best;
}

// A thumbnail: the strongest map, or for single-valued units all of them, 32 a row.
function thumbnail(seen, layer, first, count, canvas) {
  const flat = layer.size === 1, columns = flat ? Math.min(32, count) : layer.size;
  const rows = flat ? Math.ceil(count / columns) : layer.size;
  const unit = strongest(seen, layer, first, count), top = seen.highs[layer.first + unit] || 1;
  Object.assign(canvas, { width: columns, height: rows });
  const context = canvas.getContext("2d"), image = context.createImageData(columns, rows);
  const out = new Uint32Array(image.data.buffer);
  for (let i = 0; i < columns * rows; i++) {
    let grey = 0;
    if (!flat) grey = seen.pixels[layer.offset + unit * columns * rows + i];
    else if (i < count) grey = Math.max(0, Math.round((255 * seen.highs[layer.first + first + i]) / top));
    out[i] = 0xff000000 | (grey * 0x010101);
  }
  context.putImageData(image, 0, 0);
}

function picture(seen, canvas) {
  const side = Math.sqrt(seen.square.length / 3);
  Object.assign(canvas, { width: side, height: side });
  const context = canvas.getContext("2d"), image = context.createImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = seen.square[3 * i + c];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

const middle = (seen, towers) => (seen.towers === 2 && towers === 1 ? (ROWS[0] + ROWS[1]) / 2 : ROWS[0]);
const tops = (seen, layer) => (layer.towers === 2 ? ROWS : [middle(seen, 1)]);

function drawLines(seen, svg) {
  const { layers, colours, amounts, words } = seen;
  const most = Math.max(1, ...layers.map(({ crossBytes }) => crossBytes));
  const lines = [{ towers: 1 }, ...layers];
  layers.forEach((layer, i) => {
    const x1 = LEFT + i * seen.step + seen.box, x2 = LEFT + (i + 1) * seen.step, before = lines[i];
    const own = (tower) => (before.towers === 2 ? colours[tower] : "currentColor");
    tops(seen, before).forEach((y1, from) => {
      tops(seen, layer).forEach((y2, to) => {
        const across = before.towers === 2 && layer.towers === 2 && from !== to;
        if (across && !layer.crossBytes) return;
        const crosses = layer.crossBytes && (across || layer.towers === 1);
        const width = crosses ? 1.5 + (5.5 * layer.crossBytes) / most : 1.5;
        const left = layer.name === "conv3" && across ? 1 - amounts.cross_talk : 1;
        const line = svgElement(svg, "line", {
          x1, x2, y1: y1 + TALL / 2, y2: y2 + TALL / 2, stroke: own(from), "stroke-width": width,
          opacity: (crosses ? 1 : 0.6) * Math.max(0.15, left), "stroke-dasharray": left ? "none" : "3 4",
        });
        line.dataset.traffic = crosses ? layer.crossBytes : 0;
      });
    });
    if (layer.crossBytes) {
      const text = words.traffic.replace("{size}", `${Math.round(layer.crossBytes / 1000)}`);
      svgElement(svg, "text", { x: (x1 + x2) / 2 - 6, y: FACTS - 6 }, text);
    }
  });
}

function drawBoxes(seen, root) {
  seen.layers.forEach((layer, i) => {
    const x = LEFT + (i + 1) * seen.step, share = layer.units / layer.towers;
    tops(seen, layer).forEach((top, tower) => {
      const box = element(root, "button", "box");
      Object.assign(box.style, { left: `${x}px`, top: `${top}px`, width: `${seen.box}px`, height: `${TALL}px` });
      box.style.borderColor = layer.towers === 2 ? seen.colours[tower] : "currentColor";
      const where = layer.towers === 2 ? `${layer.name} GPU${tower + 1}` : layer.name;
      box.setAttribute("aria-label", seen.words.open.replace("{name}", where));
      box.title = box.getAttribute("aria-label");
      Object.assign(box.dataset, { layer: layer.name, tower });
      thumbnail(seen, layer, tower * share, share, element(box, "canvas", ""));
      box.onclick = ({ detail }) => {
        open(layer.name);
        if (!detail) shared.dispatchEvent(new CustomEvent("enter", { detail: tower })); // by Enter, not by a pointer
      };
    });
    const name = element(root, "button", "name", layer.name), facts = element(root, "div", "facts", layer.facts);
    name.onclick = () => open(layer.name);
    name.tabIndex = -1; // the boxes are on the way already
    for (const text of [name, facts]) Object.assign(text.style, { left: `${x - 8}px`, width: `${seen.box + 16}px` });
    name.style.top = "8px";
    facts.style.top = `${FACTS}px`;
  });
  const labels = element(root, "div", "facts labels", seen.words.facts);
  Object.assign(labels.style, { left: 0, top: `${FACTS}px` });
  const photo = element(root, "canvas", "box");
  Object.assign(photo.style, { left: `${LEFT}px`, top: `${middle(seen, 1)}px`, width: `${seen.box}px`, height: `${seen.box}px` });
  photo.setAttribute("aria-hidden", "true");
  picture(seen, photo);
  const name = element(root, "div", "name", seen.words.image), facts = element(root, "div", "facts", `3 x ${seen.crop}²`);
  for (const text of [name, facts]) Object.assign(text.style, { left: `${LEFT - 8}px`, width: `${seen.box + 16}px` });
  name.style.top = "8px";
  facts.style.top = `${FACTS}px`;
}

function drawSwitches(seen, root, mute) {
  if (seen.towers !== 2) return;
  const { words, amounts, colours } = seen;
  const button = (parent, target, off, on) => {
    const full = amounts[target] >= 1, made = element(parent, "button", "mute", full ? on : off);
    made.setAttribute("aria-pressed", full);
    made.dataset.target = target;
    made.onclick = () => mute({ target, amount: full ? 0 : 1 });
    return made;
  };
  ROWS.forEach((top, tower) => {
    const label = element(root, "div", "gpu");
    label.style.top = `${top + 2}px`;
    element(label, "span", "", `GPU${tower + 1}`).style.borderColor = colours[tower]; // as ink it would be too faint
    const target = `gpu${tower + 1}`;
    const names = [words.mute, words.muted].map((word) => word.replace("{name}", `GPU${tower + 1}`));
    button(label, target, ...names);
  });
  const at = seen.layers.findIndex(({ name }) => name === "conv3");
  if (at < 0 || !seen.layers[at].crossBytes) return;
  const cut = button(root, "cross_talk", words.cut, words.cut_done);
  cut.classList.add("cut");
  Object.assign(cut.style, { left: `${LEFT + at * seen.step + seen.box - 18}px`, top: `${FACTS + 64}px` });
}

// All of it, as wide as there is room for.
function drawNet(seen, root, mute) {
  seen.step = Math.max(MIN_STEP, Math.min(MAX_STEP, (root.parentElement.clientWidth - LEFT) / (seen.layers.length + 1)));
  seen.box = seen.step - 12;
  const width = LEFT + (seen.layers.length + 1) * seen.step, height = FACTS + 92;
  Object.assign(root.style, { width: `${width}px`, height: `${height}px` });
  keepFocus(root, () => {
    root.replaceChildren();
    drawLines(seen, svgElement(root, "svg", { width, height, role: "img", "aria-label": seen.words.alt }));
    drawBoxes(seen, root);
    drawSwitches(seen, root, mute);
  });
}

// Beyond which edge there is more to scroll to: that one fades.
function fade(room) {
  const beyond = { left: room.scrollLeft, right: room.scrollWidth - room.clientWidth - room.scrollLeft };
  for (const [side, px] of Object.entries(beyond)) room.classList.toggle(`more-${side}`, px > 2);
}

// Without a net on the page no unit is looked at: the photograph shows neither a field nor a map.
function leave(root) {
  if (shared.net !== root) return;
  Object.assign(shared, { net: null, hover: null });
  shared.dispatchEvent(new Event("hover"));
}

// What is pressed stays until it is let go: a click on what was drawn anew meanwhile would be lost.
function whenLetGo(root, does) {
  if (root.querySelector(":active")) setTimeout(whenLetGo, 50, root, does);
  else does();
}

// What is looked at: the layer changes here alone; the address follows, the server hears of it with the next unit.
function open(name) {
  look({ layer: name, unit: null, row: null, column: null });
}

// The layer before or after; where a box had the focus, the next one gets it.
function step(root, by) {
  const { layers } = shared.seen, next = layers[layers.findIndex(({ name }) => name === shared.view.layer) + by];
  if (!next) return;
  const held = root.getRootNode().activeElement;
  open(next.name);
  const boxes = [...root.querySelectorAll(`.box[data-layer="${next.name}"]`)];
  const box = boxes[held?.dataset.tower ?? 0] ?? boxes[0];
  if (held?.matches(".box")) box.focus({ preventScroll: true });
  box.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// What had the focus before all was drawn anew gets it again.
function keepFocus(root, draw) {
  const held = root.getRootNode().activeElement, { layer, tower, target } = (root.contains(held) && held?.dataset) || {};
  draw();
  const same = target ? `[data-target="${target}"]` : layer && `.box[data-layer="${layer}"][data-tower="${tower}"]`;
  if (same) root.querySelector(same)?.focus({ preventScroll: true });
}

function look(view) {
  const seen = shared.seen, layer = seen.layers.find(({ name }) => name === view.layer) ?? seen.layers[0];
  if (view.unit >= layer.units || view.row >= layer.size) view = { layer: layer.name, unit: null, row: null, column: null }; // another net's
  const unit = view.unit ?? strongest(seen, layer, 0, layer.units);
  let { row, column } = view;
  if (row == null) [row, column] = peak(seen, layer, unit);
  const colour = seen.towers === 2 && layer.towers === 2 ? seen.colours[Number(unit >= layer.units / 2)] : "#777";
  const { panel } = seen; // what the server's own panels show
  const isShown = panel.layer === layer.name && panel.unit === unit && panel.row === row && panel.column === column;
  shared.view = { layer: layer.name, unit, row, column, colour, asked: view, isShown };
  shared.hover = null;
  shared.dispatchEvent(new Event("view"));
  writeAddress();
}

// What is looked at, in the address: the server, which writes the rest, may not know of it.
function writeAddress() {
  const { layer, unit, row, column, asked } = shared.view, address = new URL(location.href);
  for (const [part, value] of [["layer", layer === shared.seen.layers[0].name ? null : layer],
    ["unit", asked.unit == null ? null : unit + 1], ["at", asked.row == null ? null : `${row + 1}~${column + 1}`]]) {
    if (value === null) address.searchParams.delete(part);
    else address.searchParams.set(part, value);
  }
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}

function peak(seen, layer, unit) {
  const place = seen.peaks[layer.first + unit];
  return [Math.floor(place / layer.size), place % layer.size];
}

// Whether the server says something new: not while a newer choice is on its way to it, nor what it said last, nor what was
// chosen here, after which another layer may have been opened. It names no layer without a unit of its own accord: one that was left.
function tellsNews({ view, heard }) {
  const before = shared.said, said = (shared.said = JSON.stringify(view));
  if (!shared.view) return true;
  if (heard < (shared.turn ?? 0)) return false;
  const isLeft = view.unit === null && view.layer !== shared.view.layer;
  return said !== before && said !== shared.chosen && !isLeft;
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".net"), state = STATES.get(root) ?? {};
  STATES.set(root, state);
  state.listening?.abort(); // Streamlit calls this anew for new data; what an earlier call returned it may call after that
  const listening = (state.listening = new AbortController()), { signal } = listening;
  state.trigger = setTriggerValue;
  const show = () => shared.computed?.key === data.key && take(root, state, data, signal);
  shared.addEventListener("computed", show, { signal });
  show();
  return () => {
    listening.abort();
    setTimeout(() => root.isConnected || leave(root));
  };
}

// What the network computed is here, and what the server's panels show of it; the net is drawn anew for the first alone.
function take(root, state, data, ended) {
  state.taken?.abort(); // the same data may be taken again, with words of another language
  const { signal } = (state.taken = new AbortController()), { taken } = state;
  ended.addEventListener("abort", () => taken.abort());
  const { computed } = shared, seen = (shared.seen = { ...computed, ...data }), room = root.parentElement;
  Object.assign(shared, { look, net: root });
  room.ariaLabel = seen.words.alt;
  room.onscroll = () => fade(room);
  const mark = () => {
    for (const box of root.querySelectorAll(".box")) {
      box.setAttribute("aria-pressed", box.dataset.layer === shared.view.layer);
    }
    document.querySelector(".st-key-unit_panel")?.classList.toggle("other-unit", !shared.view.isShown);
  };
  const redraw = () => {
    if (signal.aborted) return; // newer data came while a button was pressed
    drawNet(seen, root, (asked) => state.trigger("mute", asked));
    fade(room);
    if (shared.view) mark();
    root.dataset.painted = seen.key;
    state.drawn = computed;
  };
  if (state.drawn !== computed) whenLetGo(root, redraw);

  const isNews = tellsNews(seen);
  shared.dispatchEvent(new Event("seen"));
  shared.addEventListener("view", mark, { signal });
  look(isNews ? seen.view : shared.view.asked); // strongest places move with what is computed
  let wide = room.clientWidth;
  state.watcher?.disconnect();
  state.watcher = new ResizeObserver(() => {
    if (!room.clientWidth || wide === room.clientWidth) return; // out of sight, or as drawn
    wide = room.clientWidth;
    whenLetGo(root, redraw);
  });
  state.watcher.observe(room);
  const onBack = () => {
    const address = new URL(location.href).searchParams, at = (address.get("at") ?? "").split("~").map(Number);
    const unit = address.has("unit") ? Number(address.get("unit")) - 1 : null;
    look({ layer: address.get("layer"), unit, row: at[1] ? at[0] - 1 : null, column: at[1] ? at[1] - 1 : null });
  };
  const onStep = (event) => {
    event.preventDefault();
    step(root, event.detail);
  };
  const onNet = () => {
    const box = root.querySelector('.box[aria-pressed="true"]');
    box.focus({ preventScroll: true });
    box.scrollIntoView({ block: "center", inline: "nearest" });
  };
  addEventListener("popstate", onBack, { signal });
  shared.addEventListener("address", writeAddress, { signal });
  shared.addEventListener("step", onStep, { signal });
  shared.addEventListener("net", onNet, { signal });
}
