// The photograph: what the network sees of it, the receptive field under the pointer, a unit's map over it, and paint.
const SQUARE = 256;
const shared = (globalThis.alexnet ??= Object.assign(new EventTarget(), {}));
const STATES = new WeakMap();

function read(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  return [JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))), bytes.subarray(4 + length)];
}

function drawSquare(canvas, view, pixels) {
  const context = canvas.getContext("2d"), image = context.createImageData(SQUARE, SQUARE);
  const { row, column, crop } = view;
  for (let y = 0, i = 0; y < SQUARE; y++) {
    for (let x = 0; x < SQUARE; x++, i++) {
      const seen = y >= row && y < row + crop && x >= column && x < column + crop;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = seen ? pixels[3 * i + c] : 0.55 * pixels[3 * i + c] + 70;
      image.data[4 * i + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
}

// Which part of a crop of that side a value of a layer's map sees, in crop pixels.
function fieldOf(layer, row, column, crop) {
  const { start, stride, px } = layer.field;
  const top = start + row * stride, left = start + column * stride;
  const inside = (value) => Math.min(crop, Math.max(0, value));
  return { top: inside(top), left: inside(left), bottom: inside(top + px), right: inside(left + px) };
}

function current() {
  const at = shared.net && (shared.hover ?? shared.view), layer = at && shared.seen?.layers.find(({ name }) => name === at.layer);
  return layer ? { ...at, layer } : null;
}

function drawOver(state) {
  const { over, view } = state, context = over.getContext("2d"), scale = over.width / SQUARE;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, over.width, over.height);
  context.scale(scale, scale);
  drawMask(context, state);
  context.translate(view.column, view.row);
  context.strokeStyle = "#fffc";
  context.lineWidth = 1;
  context.strokeRect(-0.5, -0.5, view.crop + 1, view.crop + 1);
  const at = current();
  state.map.hidden = !at;
  const outline = at && at.layer.size > 1 && at.row != null ? fieldOf(at.layer, at.row, at.column, view.crop) : null;
  if (at && state.showMap && at.layer.size > 1) drawMap(context, at, view.crop);
  if (outline) {
    const box = [outline.left, outline.top, outline.right - outline.left, outline.bottom - outline.top];
    for (const [colour, width] of [["#fff", 3.5], [at.colour ?? "#555", 2]]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.strokeRect(...box);
    }
  }
  state.frame.classList.toggle("floating", Boolean(state.away && outline && shared.hover)); // else nobody would see it
  const { dataset } = state.root;
  dataset.field = outline ? [outline.top, outline.left, outline.bottom, outline.right].join(" ") : "";
}

// Each value over the middle of what it sees: the brighter, the stronger.
function drawMap(context, { layer, unit }, crop) {
  const seen = shared.seen, { start, stride, px } = layer.field, shift = start + (px - stride) / 2;
  const offset = layer.offset + unit * layer.size * layer.size;
  context.save();
  context.beginPath();
  context.rect(0, 0, crop, crop);
  context.clip();
  context.fillStyle = "#000a";
  context.fillRect(0, 0, crop, crop);
  for (let y = 0; y < layer.size; y++) {
    for (let x = 0; x < layer.size; x++) {
      const value = seen.pixels[offset + y * layer.size + x];
      if (!value) continue;
      context.fillStyle = `rgb(255 255 160 / ${(0.85 * value) / 255})`;
      context.fillRect(shift + x * stride, shift + y * stride, stride, stride);
    }
  }
  context.restore();
}

function drawMask(context, { mask, view }) {
  context.fillStyle = view.paintColour;
  for (let y = 0; y < SQUARE; y++) {
    for (let x = 0; x < SQUARE; x++) {
      if (!mask[y * SQUARE + x]) continue;
      let end = x + 1;
      while (end < SQUARE && mask[y * SQUARE + end]) end++;
      context.fillRect(view.mirror ? SQUARE - end : x, y, end - x, 1);
      x = end;
    }
  }
}

function bitsOf(text) {
  const mask = new Uint8Array(SQUARE * SQUARE), bytes = atob(text);
  for (let i = 0; i < bytes.length; i++) {
    for (let bit = 0; bit < 8; bit++) mask[8 * i + bit] = (bytes.charCodeAt(i) >> (7 - bit)) & 1;
  }
  return mask;
}

function textOf(mask) {
  if (!mask.includes(1)) return "";
  let bytes = "";
  for (let i = 0; i < mask.length; i += 8) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) byte |= mask[i + bit] << (7 - bit);
    bytes += String.fromCharCode(byte);
  }
  return btoa(bytes);
}

function dab(state, event) {
  const box = state.over.getBoundingClientRect(), radius = Number(state.brush.value);
  let x = ((event.clientX - box.left) * SQUARE) / box.width;
  const y = ((event.clientY - box.top) * SQUARE) / box.height;
  if (state.view.mirror) x = SQUARE - x;
  for (let v = Math.max(0, Math.floor(y - radius)); v < Math.min(SQUARE, y + radius); v++) {
    for (let u = Math.max(0, Math.floor(x - radius)); u < Math.min(SQUARE, x + radius); u++) {
      if ((u + 0.5 - x) ** 2 + (v + 0.5 - y) ** 2 < radius * radius) state.mask[v * SQUARE + u] = 1;
    }
  }
}

// The value of the map whose field's middle is nearest to the pointer.
function placeAt(state, event) {
  const at = current();
  if (!at || at.layer.size < 2) return null;
  const box = state.over.getBoundingClientRect(), { start, stride, px } = at.layer.field;
  const inCrop = (client, from, length, shift) => ((client - from) * SQUARE) / length - shift;
  const nearest = (pixel) => Math.max(0, Math.min(at.layer.size - 1, Math.round((pixel - start - px / 2) / stride)));
  return {
    row: nearest(inCrop(event.clientY, box.top, box.height, state.view.row)),
    column: nearest(inCrop(event.clientX, box.left, box.width, state.view.column)),
  };
}

// A file that is dropped anywhere on the page, but for file boxes of their own; else the browser would leave for it.
// A picture of this page that is dragged by accident is none.
function takeDrops(state, signal) {
  const { sign } = state, inBox = (event) => event.composedPath().some((one) => one.dataset?.testid === "stFileUploaderDropzone");
  const isFile = (event) => !state.dragsOwn && event.dataTransfer?.types.includes("Files");
  const show = (on) => {
    if (on !== state.isSigned) sign.togglePopover?.(on);
    state.isSigned = on;
  };
  const listeners = {
    dragstart: () => (state.dragsOwn = true),
    dragend: () => (state.dragsOwn = false),
    dragover: (event) => {
      if (!isFile(event)) return;
      show(!inBox(event));
      if (inBox(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
    },
    dragleave: (event) => event.relatedTarget ?? show(false), // out of the window
    drop: (event) => {
      show(false);
      if (!isFile(event) || inBox(event)) return;
      event.preventDefault();
      if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0], state);
    },
  };
  for (const [name, listener] of Object.entries(listeners)) document.addEventListener(name, listener, { signal });
}

async function take(file, state) {
  if (file.size > state.view.largest) return void state.trigger("file", { name: file.name, size: file.size });
  let bytes;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    return void state.trigger("file", { name: file.name }); // a folder, or gone
  }
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  state.trigger("file", { name: file.name, bytes: btoa(text) });
}

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const [view, pixels] = read(data);
  const root = parentElement.querySelector(".picture");
  let state = STATES.get(root);
  if (!state) {
    state = { root, undo: [], made: 0, showMap: false, painting: false, isSigned: false };
    for (const name of ["frame", "square", "over", "brush", "map", "paint", "undo-paint", "clear", "tools", "sign"]) {
      state[name] = root.querySelector(`.${name}`);
    }
    STATES.set(root, state);
    new IntersectionObserver(([{ isIntersecting }]) => ((state.away = !isIntersecting), drawOver(state)), { threshold: 0.5 }).observe(
      root.querySelector(".holder"),
    );
  }
  Object.assign(state, { view, send: setStateValue, trigger: setTriggerValue });
  const isOther = state.picture !== view.picture, isOlder = view.heard < state.made; // than what has been painted since
  if (isOther) Object.assign(state, { picture: view.picture, undo: [] }); // another one's paint
  if (isOther || !(state.stroke || isOlder)) state.mask = bitsOf(view.paint);
  state.made = Math.max(state.made, view.heard);
  const { square, over, map, paint, clear, tools } = state, back = state["undo-paint"];
  square.setAttribute("aria-label", view.words.alt);
  state.sign.textContent = view.words.drop;
  over.width = over.height = 2 * SQUARE;
  drawSquare(square, view, pixels);

  const label = (element, text) => Object.assign(element, { textContent: text, title: text });
  const show = () => {
    label(map, view.words.map).setAttribute("aria-pressed", state.showMap);
    label(paint, view.words.paint).setAttribute("aria-pressed", state.painting);
    label(back, view.words.undo);
    label(clear, view.words.clear);
    state.brush.setAttribute("aria-label", view.words.brush);
    tools.hidden = !state.painting;
    over.style.cursor = state.painting ? "crosshair" : "pointer";
    over.style.touchAction = state.painting ? "none" : "";
    clear.disabled = !state.mask.includes(1);
    back.disabled = clear.disabled && !state.undo.length; // what was cleared comes back too
    drawOver(state);
  };
  const sendPaint = () => state.send("paint", { bits: textOf(state.mask), number: ++state.made });
  map.onclick = () => ((state.showMap = !state.showMap), show());
  paint.onclick = () => ((state.painting = !state.painting), show());
  back.onclick = () => ((state.mask = state.undo.pop() ?? new Uint8Array(SQUARE * SQUARE)), show(), sendPaint());
  clear.onclick = () => (state.undo.push(state.mask), (state.mask = new Uint8Array(SQUARE * SQUARE)), show(), sendPaint());
  over.onpointerdown = (event) => {
    if (!state.painting) return;
    state.undo.push(state.mask.slice());
    state.stroke = true;
    over.setPointerCapture(event.pointerId);
    dab(state, event);
    show();
  };
  over.onpointermove = (event) => {
    if (!state.stroke) return;
    dab(state, event);
    drawOver(state);
    state.later ??= setTimeout(() => ((state.later = null), sendPaint()), 250); // the bars follow while the brush moves
  };
  over.onpointerup = over.onpointercancel = () => {
    if (!state.stroke) return;
    state.stroke = false;
    clearTimeout(state.later);
    state.later = null;
    show();
    sendPaint();
  };
  over.onclick = (event) => {
    const place = state.painting ? null : placeAt(state, event);
    if (place) shared.dispatchEvent(new CustomEvent("place", { detail: place }));
  };
  const onPaste = (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    take(file, state);
  };
  state.listening?.abort(); // Streamlit calls this anew for new data; what an earlier call returned it may call after that
  const listening = (state.listening = new AbortController()), { signal } = listening;
  const redraw = () => drawOver(state);
  const onLeave = (event) => {
    if (!state.painting) return;
    event.preventDefault();
    state.painting = false;
    show();
  };
  shared.addEventListener("leave", onLeave, { signal });
  document.addEventListener("paste", onPaste, { signal });
  takeDrops(state, signal);
  for (const name of ["seen", "view", "hover"]) shared.addEventListener(name, redraw, { signal });
  show();
  root.dataset.painted = view.key;
  return () => listening.abort();
}
