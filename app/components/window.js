// One value of one unit, product by product: choose a channel, play or step through its products; then what follows.
const STATES = new WeakMap();
const PLAY_MS = 6000; // a channel's products, all together
const NEUTRAL = [140, 140, 140], PLUS = [190, 240, 170], MINUS = [74, 10, 94]; // apart in lightness too, for every eye
const FITTING = 5; // characters of a cell's full type size
const LISTED = 16; // contributions of single units that are spelled out

function read(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const headLength = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headLength)));
  const count = header.size ** 2 * header.names.length;
  const numbers = new Float32Array(bytes.slice(4 + headLength, 4 + headLength + 8 * count).buffer); // a copy is aligned
  return { ...header, patch: numbers.subarray(0, count), kernel: numbers.subarray(count), pixels: bytes.subarray(4 + headLength + 8 * count) };
}

function make(parent, kind, className, text) {
  const element = document.createElement(kind);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all));

// As `number` in window_words.py.
function exact(value, digits = 5) {
  if (value === 0) return "0";
  const text = Math.abs(value) < 1e-4 ? value.toExponential(2).replace("+", "") : String(Number(value.toPrecision(digits)));
  const [whole, ...decimals] = text.replaceAll("-", "\u2212").split(".");
  return [Math.abs(value) < 1e4 ? whole : whole.replace(/\B(?=(\d{3})+$)/g, ","), ...decimals].join(".");
}

// What fits a cell: three digits, two or one of small numbers, no zero before the point.
function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value), decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : size >= 0.00995 ? 3 : 4;
  const text = size >= 0.00095 ? value.toFixed(decimals) : value.toExponential(0);
  return text.replace(/^(-?)0\./, "$1.").replaceAll("-", "\u2212");
}

function paint(cell, value, largest) {
  const share = largest ? Math.min(1, Math.abs(value) / largest) ** 0.7 : 0, pole = value < 0 ? MINUS : PLUS;
  const colour = NEUTRAL.map((grey, i) => Math.round(grey + share * (pole[i] - grey)));
  cell.style.backgroundColor = `rgb(${colour})`;
  cell.style.color = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] < 118 ? "#fff" : "#000";
}

function grid(parent, size, values, caption) {
  const figure = make(parent, "figure");
  figure.style.setProperty("--k", size);
  if (caption) make(make(figure, "figcaption"), "span", "", caption);
  const table = make(figure, "table", "grid"), largest = Math.max(...values.map(Math.abs)), texts = values.map(short);
  table.style.setProperty("--fit", Math.min(1, FITTING / Math.max(...texts.map(({ length }) => length))));
  const cells = [];
  for (let row = 0; row < size; row++) {
    const line = make(table, "tr");
    for (let column = 0; column < size; column++) {
      const value = values[row * size + column], cell = make(line, "td", "", texts[row * size + column]);
      paint(cell, value, largest);
      cells.push(cell);
    }
  }
  return cells;
}

function bar(parent, share, upright) {
  const box = make(parent, "span", "bar"), fillIn = make(box, "i");
  const length = `${50 * Math.abs(share)}%`, [near, far, extent] = upright ? ["bottom", "top", "height"] : ["left", "right", "width"];
  fillIn.style[extent] = length;
  fillIn.style[share >= 0 ? near : far] = "50%";
  fillIn.style.background = `rgb(${share >= 0 ? [70, 140, 60] : [150, 80, 170]})`;
}

function channelValues(view, channel) {
  const count = view.size ** 2, from = channel * count;
  const patch = [...view.patch.subarray(from, from + count)], kernel = [...view.kernel.subarray(from, from + count)];
  return { patch, kernel, products: patch.map((value, i) => value * kernel[i]) };
}

const nameOf = (view, channel) => fill(view.words.channel, { channel: view.names[channel] });

function pictures(view, box) {
  box.replaceChildren();
  if (!view.colour) return;
  const count = view.size ** 2, low = Math.min(...view.kernel), high = Math.max(...view.kernel);
  const weightAt = (i, colour) => (255 * (view.kernel[colour * count + i] - low)) / (high - low || 1);
  const pixelAt = (i, colour) => view.pixels[3 * i + colour];
  for (const [caption, at] of [[view.words.colour_patch, pixelAt], [view.words.colour_kernel, weightAt]]) {
    const figure = make(box, "figure"), canvas = make(figure, "canvas");
    make(figure, "figcaption", "", caption);
    canvas.width = canvas.height = view.size;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", caption);
    const context = canvas.getContext("2d"), image = context.createImageData(view.size, view.size);
    for (let i = 0; i < count; i++) image.data.set([at(i, 0), at(i, 1), at(i, 2), 255], 4 * i);
    context.putImageData(image, 0, 0);
  }
}

function strip(view, box, choose) {
  box.replaceChildren();
  box.setAttribute("aria-label", view.words.channels);
  box.title = view.words.channels;
  const largest = Math.max(...view.sums.map(Math.abs)) || 1;
  return view.order.map((channel) => {
    const button = make(box, "button", "channel");
    button.type = "button";
    button.dataset.channel = channel;
    button.setAttribute("aria-label", `${nameOf(view, channel)}: ${exact(view.sums[channel])}`);
    bar(button, view.sums[channel] / largest, true);
    const gpu = make(button, "span", "gpu");
    gpu.style.background = view.gpus[channel] ?? "none";
    make(button, "span", "", view.names[channel]);
    make(button, "span", "", exact(view.sums[channel], 3));
    button.onclick = () => choose(channel);
    return button;
  });
}

// Units of one value each: a line a unit, then the others as one.
function contributions(view, box, open) {
  box.replaceChildren();
  const shown = view.order.slice(0, LISTED), others = view.order.slice(LISTED);
  const rest = others.reduce((sum, channel) => sum + view.sums[channel], 0);
  const largest = Math.max(...shown.map((channel) => Math.abs(view.sums[channel]))) || 1;
  for (const channel of shown) {
    const label = make(box, "span", "name"), button = make(label, "button", "open", nameOf(view, channel));
    button.type = "button";
    button.title = view.words.open;
    button.onclick = () => open(channel, 0);
    if (view.gpus[channel]) label.style.setProperty("--gpu", view.gpus[channel]);
    make(box, "span", "expression", `${exact(view.patch[channel])} \u00d7 ${exact(view.kernel[channel])}`);
    bar(box, view.sums[channel] / largest, false);
    make(box, "span", "result", exact(view.sums[channel]));
  }
  if (!others.length) return;
  make(box, "span", "name", fill(view.words.rest, { count: others.length }));
  make(box, "span", "expression");
  make(box, "span"); // no bar: it would dwarf the others
  make(box, "span", "result", exact(rest));
}

function rows(box, lines) {
  box.replaceChildren();
  for (const [label, expression, result] of lines) {
    make(box, "span", "label", label);
    make(box, "span", "expression", expression);
    make(box, "span", "result", result);
  }
}

// A table's numbers as a file, with the mark by which spreadsheets know UTF-8, as in tables.py.
function csvButton(parent, { head, rows }, words) {
  const button = make(parent, "button", "csv", words.csv), quoted = (text) => `"${text.replaceAll("\u2212", "-").replaceAll('"', '""')}"`;
  button.type = "button";
  button.onclick = () => {
    const text = [head, ...rows].map((cells) => cells.map(quoted).join(",")).join("\r\n"), link = document.createElement("a");
    Object.assign(link, { href: URL.createObjectURL(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv" })), download: words.csv_name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };
}

function block(parent, made, words) {
  const box = make(parent, "section", "block");
  make(box, "h4", "", made.title);
  make(box, "p", "", made.note);
  if (made.table) {
    const table = make(make(box, "div", "scroll"), "table", "plain"), head = make(table, "tr");
    for (const title of made.table.head) make(head, "th", "", title).scope = "col";
    csvButton(box, made.table, words);
    made.table.rows.forEach((texts, i) => {
      const line = make(table, "tr", i === made.table.strong ? "strong" : "");
      for (const text of texts) make(line, "td", "", text);
    });
  }
  const windows = made.grids ? make(box, "div", "windows") : null;
  for (const one of made.grids ?? []) {
    grid(windows, one.size, one.values, one.caption).forEach((cell, i) => {
      cell.classList.toggle("winner", i === one.winner);
      cell.classList.toggle("shared", Boolean(one.shared?.[i]));
      cell.classList.toggle("chosen", i === one.chosen);
    });
  }
  rows(make(box, "div", "rows"), made.rows);
}

// The three grids of a channel, and the walk over its products.
function walk(view, root, state, open) {
  const { words } = view, count = view.size ** 2, channel = state.channel;
  const box = root.querySelector(".grids"), readout = root.querySelector(".readout");
  const [play, step, whole] = ["play", "step", "whole"].map((name) => root.querySelector(`.${name}`));
  const { patch, kernel, products } = channelValues(view, channel), name = nameOf(view, channel);
  box.replaceChildren();
  box.style.setProperty("--k", view.size);
  box.className = `grids ${view.size > 6 ? "large" : view.size > 3 ? "middle" : "small"}`;
  const captions = [fill(words.patch, { channel: name }), words.kernel, fill(words.products, { sum: exact(view.sums[channel]) })];
  const grids = [patch, kernel, products].map((values, i) => {
    if (i) make(box, "span", "sign", i === 1 ? "\u00d7" : "=").ariaHidden = "true";
    return grid(box, view.size, values, captions[i]);
  });
  if (!view.colour) {
    const button = make(box.querySelector("figcaption"), "button", "open", words.open);
    button.type = "button";
    const sizes = products.map((product, i) => (view.inside[i] ? Math.abs(product) : -1));
    button.onclick = () => open(channel, sizes.indexOf(Math.max(...sizes)));
  }
  const numbers = (i) => ({ value: exact(patch[i]), weight: exact(kernel[i]), product: exact(products[i]) });
  const tell = () => {
    const sum = products.slice(0, state.at).reduce((a, b) => a + b, 0);
    if (state.at === count) readout.textContent = fill(words.whole_sum, { count, channel: name, sum: exact(view.sums[channel]) });
    else if (state.at === 0) readout.textContent = "";
    else readout.textContent = fill(words.running, { number: state.at, count, sum: exact(sum), ...numbers(state.at - 1) });
  };
  const show = () => {
    const walking = state.at < count || state.timer;
    grids.forEach((cells, which) => cells.forEach((cell, i) => {
      cell.classList.toggle("now", Boolean(walking) && i === state.at - 1);
      cell.classList.toggle("later", which === 2 && i >= state.at);
    }));
    play.textContent = state.timer ? words.pause : words.play;
    readout.ariaLive = state.timer ? "off" : "polite";
    whole.disabled = state.at === count && !state.timer;
    tell();
  };
  const stop = () => {
    clearInterval(state.timer);
    state.timer = null;
  };
  const advance = () => {
    state.at = state.at === count ? 1 : state.at + 1;
    if (state.at === count || !root.isConnected) stop();
    show();
  };
  step.textContent = words.step;
  whole.textContent = words.whole;
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches; // then from nothing to all at once
  play.onclick = () => {
    if (state.timer) stop();
    else if (isStill) state.at = state.at === count ? 0 : count;
    else state.timer = setInterval(advance, Math.min(450, PLAY_MS / count));
    if (state.timer && state.at === count) state.at = 0;
    show();
  };
  step.onclick = () => {
    stop();
    advance();
  };
  whole.onclick = () => {
    stop();
    state.at = count;
    show();
  };
  grids.forEach((cells) => cells.forEach((cell, i) => {
    cell.classList.toggle("padding", !view.inside[i] && cells !== grids[1]);
    cell.onpointerenter = () => {
      if (state.timer) return;
      const at = { row: view.origin[0] + Math.floor(i / view.size) + 1, column: view.origin[1] + (i % view.size) + 1 };
      readout.textContent = view.inside[i] ? fill(words.hover, { channel: name, ...at, ...numbers(i) }) : words.padding;
    };
    cell.onpointerleave = () => state.timer || tell();
  }));
  show();
}

export default function ({ parentElement, data, setTriggerValue }) {
  const view = read(data), root = parentElement.querySelector(".window");
  const state = STATES.get(root) ?? {};
  STATES.set(root, state);
  const key = JSON.stringify(view.view), single = view.size === 1;
  if (state.key !== key) {
    clearInterval(state.timer);
    Object.assign(state, { key, channel: view.order[0], at: view.size ** 2, timer: null });
    root.querySelector(".channels").scrollLeft = 0;
  }
  const open = (channel, i) => {
    const row = view.origin[0] + Math.floor(i / view.size), column = view.origin[1] + (i % view.size);
    setTriggerValue("open", [Number(view.names[channel]) - 1, row, column]);
  };
  const lead = root.querySelector(".lead"), hadFocus = root.contains(root.getRootNode().activeElement);
  lead.textContent = view.lead;
  pictures(view, root.querySelector(".pictures"));
  root.querySelector(".player").hidden = single;
  for (const name of ["channels", "grids", "contributions"]) root.querySelector(`.${name}`).replaceChildren();
  if (single) contributions(view, root.querySelector(".contributions"), open);
  else {
    const choose = (channel) => {
      if (channel !== state.channel) {
        clearInterval(state.timer);
        Object.assign(state, { channel, at: view.size ** 2, timer: null });
      }
      for (const button of buttons) button.ariaPressed = String(Number(button.dataset.channel) === channel);
      walk(view, root, state, open);
    };
    const buttons = strip(view, root.querySelector(".channels"), choose);
    choose(state.channel);
  }
  rows(root.querySelector(".arithmetic"), view.arithmetic);
  const blocks = root.querySelector(".blocks");
  blocks.replaceChildren();
  for (const made of view.blocks) block(blocks, made, view.words);
  if (hadFocus && !root.contains(root.getRootNode().activeElement)) {
    lead.tabIndex = -1;
    lead.focus({ preventScroll: true }); // what had the focus was drawn anew
  }
  const [layer, unit] = view.unit;
  Object.assign(root.dataset, { painted: key, layer, unit }); // layer and unit for Take away's captions
}
