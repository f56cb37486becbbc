// All maps of a layer, one canvas a GPU, and the unit under the pointer enlarged; all from what `net` holds.
const shared = (globalThis.alexnet ??= Object.assign(new EventTarget(), {}));
const STATES = new WeakMap();
const MAX_BARS = 20, CARD = 220, PATIENCE_MS = 300;

function element(parent, kind, className, text) {
  const made = document.createElement(kind);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const digits = (value, count) => (value === 0 ? "0" : Number(value.toPrecision(count)).toString());
const count = (number) => number.toLocaleString("en-US");
const percent = (probability) => (probability < 0.01 ? "<.01" : probability < 0.995 ? probability.toFixed(2).slice(1) : "1.00");
const isClasses = ({ name }) => name === "fc8" || name === "prob";

// A table of 256 colours from a few, for values 0..255.
function table(ramp) {
  const colours = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (ramp.length - 1), k = Math.min(ramp.length - 2, Math.floor(at)), t = at - k;
    const [r, g, b] = [0, 1, 2].map((c) => Math.round(ramp[k][c] * (1 - t) + ramp[k + 1][c] * t));
    colours[i] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  return colours;
}

// How many units side by side: what makes the picture about four by three.
function layoutOf(layer, count) {
  const block = layer.size === 1 ? 9 : Math.max(1, Math.floor(26 / layer.size)), gap = layer.size === 1 ? 0 : 1;
  const cell = layer.size * block + gap;
  const wanted = Math.sqrt((count * 4) / 3);
  let best = 1;
  for (let c = 1; c <= count; c++) {
    if (count % c === 0 && Math.abs(Math.log(c / wanted)) < Math.abs(Math.log(best / wanted))) best = c;
  }
  return { block, cell, columns: best };
}

function orderOf(seen, layer, tower, sorted) {
  const count = layer.units / layer.towers, first = tower * count;
  const units = Array.from({ length: count }, (_, i) => first + i);
  const high = (unit) => seen.highs[layer.first + unit];
  return sorted ? units.sort((a, b) => high(b) - high(a) || a - b) : units;
}

// What turns a unit's byte into a colour's number: its own range, or the layer's.
function scaleOf(seen, layer, unit, whole) {
  const low = seen.lows[layer.first + unit], high = seen.highs[layer.first + unit];
  if (!whole) return [1, 0];
  const span = layer.high - layer.low || 1;
  return [(high - low) / span, (255 * (low - layer.low)) / span];
}

function drawUnit(seen, layer, unit, colours, whole, out, width, left, top, block) {
  const [scale, shift] = scaleOf(seen, layer, unit, whole), from = layer.offset + unit * layer.size * layer.size;
  for (let y = 0; y < layer.size; y++) {
    for (let x = 0; x < layer.size; x++) {
      const colour = colours[Math.round(seen.pixels[from + y * layer.size + x] * scale + shift)];
      for (let v = 0; v < block; v++) {
        const start = (top + y * block + v) * width + left + x * block;
        out.fill(colour, start, start + block);
      }
    }
  }
}

const isSilent = (seen, layer, unit) => seen.highs[layer.first + unit] === 0 && seen.lows[layer.first + unit] === 0;

function drawTower(state, part) {
  const { seen, layer, colours } = state, { canvas, order } = part, { block, cell, columns } = state.layout;
  canvas.width = columns * cell;
  canvas.height = Math.ceil(order.length / columns) * cell;
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  const out = new Uint32Array(image.data.buffer);
  order.forEach((unit, i) => {
    const left = (i % columns) * cell, top = Math.floor(i / columns) * cell;
    drawUnit(seen, layer, unit, colours, state.whole, out, canvas.width, left, top, block);
  });
  context.putImageData(image, 0, 0);
  const muted = new Set(seen.muted[layer.name] ?? []), side = layer.size * block;
  order.forEach((unit, i) => {
    const left = (i % columns) * cell, top = Math.floor(i / columns) * cell;
    if (muted.has(unit)) cross(context, left, top, side, layer.size > 1 ? "#e6e6e6" : "#777", true);
    else if (isSilent(seen, layer, unit)) cross(context, left, top, side, "#777", false);
  });
}

// Silent: one grey stroke. Muted: two light ones.
function cross(context, left, top, side, colour, both) {
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, side / 26);
  context.beginPath();
  context.moveTo(left + 0.2 * side, top + 0.8 * side);
  context.lineTo(left + 0.8 * side, top + 0.2 * side);
  if (both) {
    context.moveTo(left + 0.2 * side, top + 0.2 * side);
    context.lineTo(left + 0.8 * side, top + 0.8 * side);
  }
  context.stroke();
}

// How to read the maps: what the colours stand for, and the strokes and crosses, if there are any.
function legend(state) {
  const { seen, layer, words, parts, root } = state, muted = new Set(seen.muted[layer.name] ?? []);
  const range = state.whole ? words.scale_whole : layer.low < 0 ? words.scale_signed : words.scale_own;
  root.querySelector(".scale").hidden = !parts.length;
  root.querySelector(".ramp").style.background = `linear-gradient(to right, ${state.css.join(", ")})`;
  root.querySelector(".range-of").textContent = fill(range, { low: digits(Math.min(0, layer.low), 3), high: digits(layer.high, 3) });
  const silent = parts.flatMap(({ order }) => order).filter((unit) => !muted.has(unit) && isSilent(seen, layer, unit)).length;
  const says = [silent && fill(words.legend_silent, { silent: count(silent), units: count(layer.units) }), muted.size && words.legend_muted];
  root.querySelector(".legend").textContent = parts.length ? says.filter(Boolean).join(" ") : "";
}

function mark(state) {
  const { columns, cell } = state.layout, unit = shared.view.unit;
  for (const row of state.root.querySelectorAll(".choice")) row.setAttribute("aria-pressed", Number(row.dataset.unit) === unit);
  for (const { order, canvas, outline } of state.parts) {
    const i = order.indexOf(unit);
    outline.hidden = i < 0;
    const percent = (value, of) => `${(100 * value) / of}%`;
    outline.style.left = percent((i % columns) * cell, canvas.width);
    outline.style.top = percent(Math.floor(i / columns) * cell, canvas.height);
    outline.style.width = percent(cell - 1, canvas.width);
    outline.style.height = percent(cell - 1, canvas.height);
  }
}

function placeIn(state, part, event) {
  const { cell, columns, block } = state.layout, { canvas, order } = part, box = canvas.getBoundingClientRect();
  const x = ((event.clientX - box.left) * canvas.width) / box.width, y = ((event.clientY - box.top) * canvas.height) / box.height;
  const column = Math.floor(x / cell), i = Math.floor(y / cell) * columns + column;
  if (x < 0 || y < 0 || column >= columns || !(i < order.length)) return null;
  const inside = (value) => Math.min(state.layer.size - 1, Math.floor((value % cell) / block));
  return { unit: order[i], row: inside(y), column: inside(x) };
}

function colourOf(state, unit) {
  const { seen, layer } = state;
  return seen.towers === 2 && layer.towers === 2 ? seen.colours[Number(unit >= layer.units / 2)] : "#777";
}

function valueAt(state, { unit, row, column }) {
  const { seen, layer } = state, low = seen.lows[layer.first + unit], high = seen.highs[layer.first + unit];
  if (high === low) return high;
  return low + (seen.pixels[layer.offset + (unit * layer.size + row) * layer.size + column] / 255) * (high - low);
}

function nameOf(state, unit, layer = state.layer) {
  const { words, seen } = state;
  if (isClasses(layer)) return seen.classes[unit];
  return fill(layer.towers === 2 ? words.unit : words.unit_one_tower, { name: layer.name, number: unit + 1, gpu: 1 + Number(unit >= layer.units / 2) });
}

// Only a unit's strongest value is here as the network has it; the others have 8 bits.
function valueText(state, at) {
  const { layer, words, seen } = state, value = valueAt(state, at);
  const isExact = seen.peaks[layer.first + at.unit] === at.row * layer.size + at.column;
  return isExact ? digits(value, 4) : fill(words.about, { value: digits(value, 2) });
}

function describe(state, at) {
  const { layer, words, seen } = state;
  if (isSilent(seen, layer, at.unit)) return `${nameOf(state, at.unit)}: ${words.silent}`;
  const where = layer.size > 1 ? fill(words.at, { row: at.row + 1, column: at.column + 1 }) : "";
  return `${nameOf(state, at.unit)}${where}: ${valueText(state, at)}`;
}

function hover(state, at) {
  shared.hover = at && { ...at, layer: state.layer.name, colour: colourOf(state, at.unit) };
  shared.dispatchEvent(new Event("hover"));
  card(state);
}

// The unit under the pointer, or the chosen one, enlarged.
function card(state) {
  const at = shared.hover?.layer === state.layer.name ? shared.hover : shared.view;
  const { layer, seen, words } = state, { canvas, title, mute, lines } = state.card;
  const block = Math.max(1, Math.floor(CARD / layer.size)), side = layer.size * block;
  state.card.root.hidden = layer.size === 1 && layer.kind !== "fc";
  title.textContent = nameOf(state, at.unit);
  Object.assign(state.card.root.dataset, { layer: layer.name, unit: at.unit + 1 }); // for Take away's captions
  canvas.hidden = layer.size === 1;
  if (layer.size > 1) {
    Object.assign(canvas, { width: side, height: side });
    const context = canvas.getContext("2d"), image = context.createImageData(side, side);
    drawUnit(seen, layer, at.unit, state.colours, state.whole, new Uint32Array(image.data.buffer), side, 0, 0, block);
    context.putImageData(image, 0, 0);
    for (const [colour, width] of [["#fff", 3], [at.colour, 1.5]]) {
      Object.assign(context, { strokeStyle: colour, lineWidth: width });
      context.strokeRect(at.column * block, at.row * block, block, block);
    }
  }
  const high = seen.highs[layer.first + at.unit], own = seen.highs.subarray(layer.first, layer.first + layer.units);
  const rank = own.reduce((count, other) => count + Number(other > high), 1);
  lines.textContent = [describe(state, at), fill(words.rank, { rank: count(rank), units: count(layer.units) }),
    layer.size > 1 ? fill(words.field, layer.field) : ""].filter(Boolean).join("\n");
  const target = `${layer.name}.${at.unit + 1}`, isMuted = seen.amounts[target] > 0;
  const isSilenced = !isMuted && (seen.muted[layer.name] ?? []).includes(at.unit); // with its GPU or layer, where that is healed
  mute.hidden = !layer.gained || isSilenced;
  mute.textContent = isMuted ? words.heal_unit : words.mute_unit;
  mute.onclick = () => {
    const { asked, unit } = shared.view;
    if (asked.unit == null || unit !== at.unit) lookAt({ layer: layer.name, unit: at.unit, row: null, column: null }); // it stays in sight
    state.trigger("mute", { target, amount: isMuted ? 0 : 1 });
  };
}

// What has a unit on it: a tower's canvas, or a class's row.
function holderOf(state, unit) {
  return state.parts.find(({ order }) => order.includes(unit))?.canvas ?? state.root.querySelector(`.choice[data-unit="${unit}"]`);
}

// Here at once, as the server says later.
function lookAt(view) {
  shared.look(view);
  shared.chosen = JSON.stringify(view);
}

// The server hears of it; choices are numbered, so that an answer to an older one does not take a newer one back.
function send(state, view) {
  lookAt(view);
  shared.turn = (shared.turn ?? 0) + 1;
  state.trigger("view", { ...view, turn: shared.turn });
}

function choose(state, at, focus) {
  send(state, { layer: state.layer.name, unit: at.unit, row: at.row ?? null, column: at.column ?? null });
  if (focus) holderOf(state, at.unit)?.focus({ preventScroll: true });
}

function fullName(state, unit, layer) {
  const name = nameOf(state, unit, layer);
  return isClasses(layer) ? fill(state.words.class, { name: layer.name, of: name }) : name;
}

// The panel below follows a unit, not a layer: where it is still with another unit, a sentence says so, and a way on.
function tellOther(state) {
  const { seen, words, other } = state, { unit, isShown } = shared.view, { panel } = seen;
  clearTimeout(state.later);
  if (isShown) return void (other.root.hidden = true);
  const below = seen.layers.find(({ name }) => name === panel.layer);
  other.says.textContent = fill(words.other, { unit: fullName(state, panel.unit, below) });
  other.show.textContent = fill(words.other_show, { unit: fullName(state, unit, state.layer) });
  other.show.onclick = () => choose(state, { unit }, true);
  state.later = setTimeout(() => (other.root.hidden = false), PATIENCE_MS); // the server may be about to follow
}

// A click chooses the unit; a finger, which cannot hover, leaves the pointer where it was.
function tap(state, part, event) {
  const at = placeIn(state, part, event);
  if (!at) return;
  choose(state, { unit: at.unit }, true);
  if (event.pointerType === "touch") hover(state, at);
}

// From the place to the unit, to the layer, to the net.
function back(state) {
  const { asked, layer, unit } = shared.view;
  if (asked.row != null) return choose(state, { unit });
  if (asked.unit == null) return shared.dispatchEvent(new Event("net"));
  send(state, { layer, unit: null, row: null, column: null });
}

const ARROWS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

// In the enlarged map, from place to place.
function onBigKey(state, event) {
  const by = ARROWS[event.key], { unit, row, column } = shared.view;
  if (!by) return;
  event.preventDefault();
  const inside = (value) => Math.max(0, Math.min(state.layer.size - 1, value));
  choose(state, { unit, row: inside(row + by[0]), column: inside(column + by[1]) });
}

// Enter goes on to the unit's numbers.
function enter(state, unit) {
  choose(state, { unit });
  document.querySelector(".st-key-unit_panel")?.scrollIntoView({ block: "start" });
}

function onKey(state, part, event) {
  if (event.key === "Enter") enter(state, shared.view.unit);
  const by = ARROWS[event.key];
  if (!by) return;
  event.preventDefault();
  const step = by[0] * state.layout.columns + by[1];
  const all = state.parts.flatMap(({ order }) => order), i = all.indexOf(shared.view.unit);
  if (all[i + step] !== undefined) choose(state, { unit: all[i + step] }, true);
}

function classBars(state) {
  const { seen, layer, root } = state, values = seen.values[layer.name], list = root.querySelector(".classes");
  const order = values.map((_, i) => i).sort((a, b) => values[b] - values[a]).slice(0, state.all ? Infinity : MAX_BARS);
  const top = Math.max(...values), bottom = Math.min(0, ...order.map((i) => values[i]));
  for (const i of order) {
    const row = element(element(list, "li", ""), "button", "choice");
    Object.assign(row, { type: "button", onclick: ({ detail }) => (detail ? choose(state, { unit: i }) : enter(state, i)) });
    row.dataset.unit = i;
    element(row, "span", "class", seen.classes[i]);
    const bar = element(element(row, "span", "track"), "span", "fill");
    bar.style.width = `${(100 * (values[i] - bottom)) / (top - bottom || 1)}%`;
    element(row, "span", "number", layer.name === "prob" ? percent(values[i]) : values[i].toFixed(2));
  }
}

// Whether there are more classes than bars, and the way to all of them.
function moreClasses(state) {
  const { layer, root, words } = state, more = root.querySelector(".more");
  more.hidden = !isClasses(layer) || layer.units <= MAX_BARS;
  more.textContent = fill(state.all ? words.classes_fewer : words.classes_all, { most: MAX_BARS, units: count(layer.units) });
  more.onclick = () => ((state.all = !state.all), update(state, true));
}

function build(state) {
  const { layer, seen, root, words } = state, towers = root.querySelector(".towers"), hasClasses = isClasses(layer);
  towers.replaceChildren();
  root.querySelector(".classes").replaceChildren();
  towers.hidden = root.querySelector(".controls").hidden = hasClasses;
  if (hasClasses) classBars(state);
  moreClasses(state);
  state.layout = layoutOf(layer, layer.units / layer.towers);
  state.parts = hasClasses ? [] : Array.from({ length: layer.towers }, (_, tower) => {
    const order = orderOf(seen, layer, tower, state.sorted), figure = element(towers, "figure", "");
    const first = (tower * layer.units) / layer.towers;
    const label = fill(layer.towers === 2 ? words.tower : words.one_tower, { number: tower + 1, first: first + 1, last: first + order.length });
    element(figure, "figcaption", "", label).style.borderColor = layer.towers === 2 ? seen.colours[tower] : "#888";
    const frame = element(figure, "div", "frame"), canvas = element(frame, "canvas", "maps"), outline = element(frame, "i", "");
    const part = { canvas, outline, order };
    outline.style.borderColor = layer.towers === 2 ? seen.colours[tower] : "#888";
    Object.assign(canvas, { tabIndex: 0, onclick: (event) => tap(state, part, event) });
    Object.assign(canvas.dataset, { columns: state.layout.columns, order: JSON.stringify(order) });
    canvas.setAttribute("role", "application"); // its arrow keys are its own
    canvas.setAttribute("aria-label", fill(words.label, { name: layer.name, tower: label }));
    canvas.onpointermove = canvas.onpointerdown = (event) => hover(state, placeIn(state, part, event));
    canvas.onpointerleave = (event) => event.pointerType === "touch" || hover(state, null); // a finger that left meant it
    canvas.onpointercancel = () => hover(state, null); // a finger that scrolls the page meant nothing here
    canvas.onkeydown = (event) => onKey(state, part, event);
    return part;
  });
}

function show(state) {
  const { root, words, layer } = state;
  root.querySelector(".title").textContent = fill(layer.size > 1 ? words.maps : words.units, { name: layer.name, units: count(layer.units), size: layer.size });
  root.querySelector(".reads").textContent = words.reads[layer.name] ?? "";
  for (const part of state.parts) drawTower(state, part);
  legend(state);
  const range = root.querySelector(".range");
  Object.assign(range, { textContent: state.whole ? words.whole : words.per_unit, hidden: layer.size === 1 });
  root.querySelector(".sort").textContent = state.sorted ? words.sorted : words.numbered;
  root.querySelector(".colour").textContent = words.ramps[state.ramp];
  mark(state);
  card(state);
  root.dataset.layer = layer.name;
  root.dataset.painted = `${state.seen.key} ${layer.name}`;
}

function update(state, always) {
  const seen = shared.seen;
  if (!seen || !shared.view) return;
  const changed = state.seen?.pixels !== seen.pixels || state.layer?.name !== shared.view.layer;
  state.seen = seen;
  if (changed || always) {
    const layer = (state.layer = seen.layers.find(({ name }) => name === shared.view.layer));
    const part = (array) => array.subarray(layer.first, layer.first + layer.units);
    layer.low = part(seen.lows).reduce((a, b) => Math.min(a, b));
    layer.high = part(seen.highs).reduce((a, b) => Math.max(a, b));
    state.whole = state.range === null ? layer.size === 1 : state.range;
    if (layer.size === 1) state.whole = true; // a single value has no range of its own, and no choice
    keepFocus(state, () => build(state));
    show(state);
  } else {
    mark(state);
    card(state);
  }
  tellOther(state);
}

// What is pressed stays until it is let go: a click on what was drawn anew meanwhile would be lost.
function whenLetGo(root, does) {
  if (root.querySelector(":active")) setTimeout(whenLetGo, 50, root, does);
  else does();
}

// What had the focus before all was drawn anew gets it again.
function keepFocus(state, draw) {
  const held = state.root.getRootNode().activeElement, tower = state.parts?.findIndex(({ canvas }) => canvas === held);
  const { unit } = held?.dataset ?? {};
  draw();
  const again = state.parts[tower]?.canvas ?? (unit && holderOf(state, Number(unit)));
  again?.focus?.({ preventScroll: true });
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".atlas");
  let state = STATES.get(root);
  if (!state) {
    state = { root, range: null, sorted: false, ramp: "grey", card: {} };
    STATES.set(root, state);
    const cardRoot = root.querySelector(".card");
    state.card = { root: cardRoot, canvas: cardRoot.querySelector("canvas"), title: cardRoot.querySelector("h4"),
      lines: cardRoot.querySelector(".lines"), mute: cardRoot.querySelector(".mute") };
    const other = root.querySelector(".other");
    state.other = { root: other, says: other.querySelector(".says"), show: other.querySelector("button") };
  }
  Object.assign(state, { words: data.words, trigger: setTriggerValue }); // a state that is chosen twice would not be sent
  const tables = Object.fromEntries(Object.entries(data.ramps).map(([name, ramp]) => [name, table(ramp)]));
  const take = () => Object.assign(state, { colours: tables[state.ramp], css: data.ramps[state.ramp].map((colour) => `rgb(${colour})`) });
  take();
  const names = Object.keys(tables);
  root.querySelector(".range").onclick = () => ((state.range = !state.whole), update(state, true));
  root.querySelector(".sort").onclick = () => ((state.sorted = !state.sorted), update(state, true));
  root.querySelector(".colour").onclick = () => {
    state.ramp = names[(names.indexOf(state.ramp) + 1) % names.length];
    take();
    update(state, true);
  };
  const big = state.card.canvas;
  const onBig = (event) => {
    const box = big.getBoundingClientRect(), size = state.layer.size;
    const at = (value, from, length) => Math.max(0, Math.min(size - 1, Math.floor(((value - from) * size) / length)));
    return { unit: shared.view.unit, row: at(event.clientY, box.top, box.height), column: at(event.clientX, box.left, box.width) };
  };
  big.onpointermove = (event) => hover(state, onBig(event));
  big.onpointerleave = () => hover(state, null);
  big.onclick = (event) => choose(state, onBig(event));
  big.onkeydown = (event) => onBigKey(state, event);
  Object.assign(big, { tabIndex: 0, role: "application", ariaLabel: data.words.places });
  state.listening?.abort(); // Streamlit calls this anew for new data; what an earlier call returned it may call after that
  const listening = (state.listening = new AbortController()), { signal } = listening;
  const listen = (name, does) => shared.addEventListener(name, does, { signal });
  for (const name of ["seen", "view"]) listen(name, () => whenLetGo(root, () => update(state)));
  listen("place", ({ detail }) => choose(state, { unit: shared.view.unit, ...detail }));
  listen("enter", ({ detail }) => ((state.parts[detail] ?? state.parts[0])?.canvas ?? root.querySelector(".choice"))?.focus());
  listen("back", (event) => {
    event.preventDefault();
    back(state);
  });
  whenLetGo(root, () => update(state, true));
  return () => listening.abort();
}
