// A map of pictures: points in the plane or in space. A point's row is its only identity, whatever is filtered or turned.
// The points come apart (map_points.js): first those of the gallery, then the visitor's own pictures, which are diamonds.
const shared = (globalThis.alexnet ??= Object.assign(new EventTarget(), {}));
const STATES = new WeakMap();
const NEAR_PX = 14, CARD_PX = 148, MARGIN = 0.06, TURN = 0.008, ZOOM = 1.0015, STEP_PX = 40;

function element(parent, kind, className, text) {
  const made = document.createElement(kind);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

// "#rrggbb" as the 32 bits of a pixel.
const packed = (colour) => {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return (255 << 24) | (blue << 16) | (green << 8) | red;
};

function table({ kinds, ramp }) {
  if (kinds) return Uint32Array.from(kinds, ({ colour }) => packed(colour));
  const stops = ramp.colours.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (stops.length - 1), at = Math.min(stops.length - 2, Math.floor(place)), share = place - at;
    const [red, green, blue] = stops[at].map((value, c) => Math.round(value + share * (stops[at + 1][c] - value)));
    return (255 << 24) | (blue << 16) | (green << 8) | red;
  });
}

const isOwn = (view, i) => i >= view.placed;
const isShown = ({ only, view }, i) => !only.size || !view.kinds || isOwn(view, i) || only.has(view.colours[i]);

// One place of the data on the screen: x, y in CSS pixels and how far in front.
function onScreen(state, x, y, z) {
  const { view, width, height, zoom, pan, yaw, pitch } = state, [mx, my, mz = 0] = view.middle;
  const scale = (zoom * (1 - 2 * MARGIN) * Math.min(width, height)) / view.extent;
  let [a, b, c] = [x - mx, y - my, z - mz];
  if (view.dims === 3) {
    [a, c] = [a * Math.cos(yaw) + c * Math.sin(yaw), c * Math.cos(yaw) - a * Math.sin(yaw)];
    [b, c] = [b * Math.cos(pitch) - c * Math.sin(pitch), c * Math.cos(pitch) + b * Math.sin(pitch)];
  }
  return [width / 2 + pan[0] + scale * a, height / 2 + pan[1] - scale * b, c];
}

// All points into one image; nearer ones hide those behind.
function drawPoints(state) {
  const { view, points, ratio, colours } = state, { width, height } = points, { dims, positions, count } = view;
  if (!width || !height) return;
  const [ox, oy, oz] = onScreen(state, ...[0, 0, 0]), axes = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map((axis) => {
    const [x, y, z] = onScreen(state, ...axis);
    return [(x - ox) * ratio, (y - oy) * ratio, z - oz];
  }); // the way to the screen is linear
  state.image ??= points.getContext("2d").createImageData(width, height);
  const out = new Uint32Array(state.image.data.buffer);
  out.fill(0);
  const depth = dims === 3 ? (state.depth ??= new Float32Array(width * height)) : null;
  depth?.fill(-Infinity);
  const size = Math.max(2, Math.round(ratio * Math.min(9, Math.sqrt(state.zoom) * (count > 20000 ? 2 : count > 4000 ? 3 : 5))));
  const half = size >> 1, edge = state.light ? 0xff222222 : 0xffffffff;
  const place = (i) => {
    const p = dims * i, x = positions[p], y = positions[p + 1], z = dims === 3 ? positions[p + 2] : 0;
    state.xs[i] = ox * ratio + x * axes[0][0] + y * axes[1][0] + z * axes[2][0];
    state.ys[i] = oy * ratio + x * axes[0][1] + y * axes[1][1] + z * axes[2][1];
    return oz + x * axes[0][2] + y * axes[1][2] + z * axes[2][2];
  };
  const stamp = (i, z, colour, reach, nearer) => {
    const left = Math.round(state.xs[i]) - reach, top = Math.round(state.ys[i]) - reach, span = size + 2 * (reach - half);
    if (!(left > -span && top > -span && left < width && top < height)) return;
    const right = Math.min(width, left + span), bottom = Math.min(height, top + span);
    for (let py = Math.max(0, top); py < bottom; py++) {
      for (let at = py * width + Math.max(0, left), end = py * width + right; at < end; at++) {
        if (depth) {
          if (depth[at] > z && !nearer) continue;
          depth[at] = z;
        }
        out[at] = colour;
      }
    }
  };
  let shown = 0;
  for (let i = 0; i < count; i++) {
    if (!isShown(state, i)) {
      state.xs[i] = NaN;
      continue;
    }
    const z = place(i);
    if (isOwn(view, i)) continue;
    shown++;
    if (!state.chosen[i]) stamp(i, z, colours[view.colours[i]], half, false);
  }
  for (let i = 0; state.numChosen && i < view.placed; i++) {
    if (!state.chosen[i]) continue;
    stamp(i, 0, edge, half + Math.ceil(ratio), true);
    stamp(i, 0, colours[view.colours[i]], half, true);
  }
  points.getContext("2d").putImageData(state.image, 0, 0);
  state.root.dataset.shown = shown;
}

// Lines from the query to its neighbours and a ring about it, the visitor's own pictures, the point under the pointer, a lasso.
function drawOver(state) {
  const { over, view, ratio, path } = state, context = over.getContext("2d"), style = getComputedStyle(state.root);
  const ink = style.color, paper = style.getPropertyValue("--st-background-color");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, over.width, over.height);
  const at = (i) => [state.xs[i] / ratio, state.ys[i] / ratio];
  const stroke = () => { // with a halo, to be seen on points of any colour
    for (const [strokeStyle, lineWidth] of [[paper, 5], [ink, 2]]) {
      Object.assign(context, { strokeStyle, lineWidth });
      context.stroke();
    }
  };
  const ring = (x, y, radius) => {
    context.beginPath();
    context.arc(x, y, radius, 0, 7);
    stroke();
  };
  if (view.query) {
    const [x, y] = onScreen(state, ...view.query, 0);
    const ends = view.near.map((row) => [row, ...at(view.at[row] ?? -1)]).filter(([, nx]) => nx === nx);
    context.beginPath();
    for (const [, nx, ny] of ends) {
      context.moveTo(x, y);
      context.lineTo(nx, ny);
    }
    stroke();
    ring(x, y, 9);
    context.fillStyle = ink;
    context.beginPath();
    context.arc(x, y, 4, 0, 7);
    context.fill();
    state.root.dataset.query = `${x.toFixed(1)} ${y.toFixed(1)}`;
    state.root.dataset.lines = JSON.stringify(ends.map(([row, nx, ny]) => [row, Math.round(nx), Math.round(ny)]));
  }
  for (let i = view.placed; i < view.count; i++) {
    const [x, y] = at(i);
    context.beginPath();
    for (const [dx, dy] of [[0, -7], [7, 0], [0, 7], [-7, 0]]) context.lineTo(x + dx, y + dy);
    context.closePath();
    context.fillStyle = paper;
    context.fill();
    stroke();
  }
  if (state.hover !== null) ring(...at(state.hover), 8);
  if (path.length > 1) {
    context.setLineDash([4, 4]);
    context.beginPath();
    for (const [x, y] of path) context.lineTo(x, y);
    context.closePath();
    stroke();
    context.setLineDash([]);
  }
}

function draw(state) {
  if (state.waiting || !state.width) return; // without a size there is nothing to see; `resize` comes again
  state.waiting = true;
  requestAnimationFrame(() => {
    state.waiting = false;
    const start = performance.now();
    drawPoints(state);
    drawOver(state);
    state.root.dataset.frameMs = (performance.now() - start).toFixed(2);
    state.root.dataset.frames = Number(state.root.dataset.frames ?? 0) + 1;
  });
}

function resize(state) {
  const { clientWidth: width, clientHeight: height } = state.over, zoom = state.over.getBoundingClientRect().width / width || 1;
  const ratio = Math.min(2, (devicePixelRatio || 1) * zoom); // presenting enlarges
  Object.assign(state, { width, height, ratio, image: null, depth: null });
  for (const canvas of [state.points, state.over]) {
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  }
  draw(state);
}

function nearest(state, x, y) {
  let best = null, least = (NEAR_PX * state.ratio) ** 2;
  for (let i = 0; i < state.view.count; i++) {
    const distance = (state.xs[i] - x * state.ratio) ** 2 + (state.ys[i] - y * state.ratio) ** 2;
    if (distance < least) [best, least] = [i, distance]; // false for what is no number: hidden points
  }
  return best;
}

// What is under the pointer: asked by its row. Until its own picture and words have come the card shows none.
function hover(state, i) {
  if (state.hover === i) return;
  state.hover = i;
  const { card, view } = state, row = i === null ? null : view.rows[i], says = card.querySelector(".says");
  drawOver(state);
  card.hidden = row === null;
  state.root.dataset.hover = row ?? "";
  showPicture(state, "");
  says.textContent = "";
  if (row === null) return;
  const x = state.xs[i] / state.ratio, y = state.ys[i] / state.ratio, own = view.own[i - view.placed];
  const picture = own ? own.picture : view.withPictures ? view.addresses.replace("ROW", `${row}.webp`) : "";
  showPicture(state, picture);
  Object.assign(card.style, {
    left: `${x > state.width / 2 ? Math.max(0, x - CARD_PX) : x + 14}px`,
    top: `${Math.max(0, Math.min(state.height - (picture ? 210 : 84), y - 40))}px`,
  });
  if (own) says.textContent = own.label;
  else tell(state, i, view.addresses.replace("ROW", `${row}.json?lang=${view.lang}`));
}

// A new image each time: one that is given another address shows the old picture until the new one has come.
function showPicture(state, address) {
  const place = state.card.querySelector(".picture"), image = new Image();
  place.replaceChildren();
  place.hidden = !address;
  if (!address) return;
  state.coming = image;
  const isStill = () => state.coming === image && state.hover !== null;
  image.alt = "";
  image.onload = () => isStill() && place.replaceChildren(image);
  image.onerror = () => isStill() && (place.hidden = true);
  image.src = address;
}

async function tell(state, i, address) {
  const told = (state.told[address] ??= await fetch(address).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null));
  if (state.hover === i && told) state.card.querySelector(".says").innerText = told.lines.join("\n");
}

function inside(path, x, y) {
  let odd = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [ax, ay] = path[i], [bx, by] = path[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

// Select the points within a path; those that are hidden or a visitor's own are not in it.
function choose(state, path) {
  keep(state, (i) => {
    const x = state.xs[i] / state.ratio, y = state.ys[i] / state.ratio;
    return path.length > 2 && x === x && inside(path, x, y);
  });
}

// Make the selection those points for which `wanted` holds, and send it as a bit a point.
function keep(state, wanted) {
  const { placed } = state.view, bits = new Uint8Array(Math.ceil(placed / 8));
  state.numChosen = 0;
  for (let i = 0; i < placed; i++) {
    state.chosen[i] = wanted(i) ? 1 : 0;
    if (!state.chosen[i]) continue;
    bits[i >> 3] |= 1 << (i & 7);
    state.numChosen++;
  }
  state.root.dataset.selected = state.numChosen;
  let text = "";
  for (const byte of bits) text += String.fromCharCode(byte);
  state.send("selected", state.numChosen ? btoa(text) : "");
  draw(state);
}

function zoomBy(state, factor, x = state.width / 2, y = state.height / 2) {
  const before = state.zoom;
  state.zoom = Math.max(0.5, Math.min(200, before * factor));
  const scale = state.zoom / before, away = [x - state.width / 2, y - state.height / 2];
  state.pan = state.pan.map((value, i) => away[i] + (value - away[i]) * scale);
  hover(state, null);
  draw(state);
}

function moveBy(state, dx, dy) {
  if (state.view.dims === 3) Object.assign(state, { yaw: state.yaw + TURN * dx, pitch: state.pitch + TURN * dy });
  else state.pan = [state.pan[0] + dx, state.pan[1] + dy];
  hover(state, null);
  draw(state);
}

function fit(state) {
  Object.assign(state, { zoom: 1, pan: [0, 0], yaw: 0.6, pitch: 0.4 });
  draw(state);
}

// Where an event is, in the map's own pixels.
function placeOf(state, event) {
  const box = state.over.getBoundingClientRect();
  return [((event.clientX - box.left) * state.width) / box.width, ((event.clientY - box.top) * state.height) / box.height];
}

function listen(state) {
  const { over } = state, fingers = new Map();
  let moved = 0, apart = 0, hasPinched = false;
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  };
  over.addEventListener("pointerdown", (event) => {
    if (event.button) return; // not the main one
    const now = placeOf(state, event);
    over.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, now);
    moved = 0;
    hasPinched = fingers.size > 1;
    if (fingers.size === 2) apart = spread();
    state.path = state.tool === "move" || hasPinched ? [] : [now];
  });
  over.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId), now = placeOf(state, event);
    if (!before) return void hover(state, nearest(state, ...now));
    fingers.set(event.pointerId, now);
    moved += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
    if (fingers.size === 2) {
      const wide = spread();
      zoomBy(state, wide / apart, ...now);
      apart = wide;
    } else if (hasPinched) return; // one finger is up, the other one to follow
    else if (state.tool === "move") moveBy(state, now[0] - before[0], now[1] - before[1]);
    else {
      const [first] = state.path;
      if (state.tool === "box") state.path = [first, [now[0], first[1]], now, [first[0], now[1]]];
      else state.path.push(now);
      drawOver(state);
    }
  });
  const up = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    const { path } = state;
    state.path = [];
    if (hasPinched || event.type === "pointercancel") return drawOver(state);
    if (moved < 5) {
      const i = nearest(state, ...placeOf(state, event));
      if (event.pointerType === "touch") hover(state, i); // a finger cannot hover before
      if (i !== null) state.trigger("query", state.view.rows[i]);
    } else if (state.tool !== "move") choose(state, path);
    drawOver(state);
  };
  over.addEventListener("pointerup", up);
  over.addEventListener("pointercancel", up);
  over.addEventListener("pointerleave", ({ pointerType }) => pointerType === "touch" || hover(state, null));
  over.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomBy(state, ZOOM ** -event.deltaY, ...placeOf(state, event));
  }, { passive: false });
  over.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [STEP_PX, 0], ArrowRight: [-STEP_PX, 0], ArrowUp: [0, STEP_PX], ArrowDown: [0, -STEP_PX] }[event.key];
    if (step) moveBy(state, ...step);
    else if (event.key === "+" || event.key === "=") zoomBy(state, 1.25);
    else if (event.key === "-") zoomBy(state, 0.8);
    else if (event.key === "Escape") choose(state, []);
    else return;
    event.preventDefault();
  });
}

function drawBar(state) {
  const bar = state.root.querySelector(".bar"), { words } = state.view;
  bar.replaceChildren();
  for (const tool of ["move", "box", "lasso"]) {
    const button = element(bar, "button", tool, words[tool]);
    Object.assign(button, { type: "button", ariaPressed: String(state.tool === tool) });
    button.addEventListener("click", () => {
      state.tool = tool;
      for (const one of bar.children) if (one.ariaPressed !== null) one.ariaPressed = String(one === button);
    });
  }
  for (const [name, act] of [["more", () => zoomBy(state, 1.5)], ["less", () => zoomBy(state, 1 / 1.5)], ["fit", () => fit(state)]]) {
    const button = element(bar, "button", name, words[name]);
    button.type = "button";
    button.addEventListener("click", act);
  }
}

function drawLegend(state) {
  const { kinds, ramp, words } = state.view, legend = state.root.querySelector(".legend");
  legend.replaceChildren();
  if (ramp) {
    element(legend, "span", "", ramp.low);
    element(legend, "span", "ramp").style.background = `linear-gradient(to right, ${ramp.colours.join(",")})`;
    element(legend, "span", "", ramp.high);
    return;
  }
  const mark = () => {
    for (const [i, one] of [...legend.querySelectorAll(".kind")].entries()) one.ariaPressed = String(state.only.has(i));
    legend.querySelector(".all").hidden = !state.only.size;
    hover(state, null);
    if (state.numChosen && state.only.size) keep(state, (i) => state.chosen[i] && isShown(state, i));
    draw(state);
  };
  kinds.forEach(({ name, colour, count }, i) => {
    const button = element(legend, "button", "kind");
    button.type = "button";
    element(button, "span", "swatch").style.background = colour;
    element(button, "span", "", `${name} ${count.toLocaleString("en")}`);
    button.addEventListener("click", () => {
      if (!state.only.delete(i)) state.only.add(i);
      mark();
    });
  });
  const all = element(legend, "button", "all", words.all);
  all.type = "button";
  all.addEventListener("click", () => {
    state.only.clear();
    mark();
  });
  mark();
}

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".map");
  let state = STATES.get(root);
  if (!state) {
    state = { root, tool: "move", zoom: 1, pan: [0, 0], yaw: 0.6, pitch: 0.4, hover: null, path: [], only: new Set(), told: {} };
    for (const name of ["points", "over", "card"]) state[name] = root.querySelector(`.${name}`);
    STATES.set(root, state);
    listen(state);
    root.place = (row) => [state.xs[state.view.at[row]] / state.ratio, state.ys[state.view.at[row]] / state.ratio]; // for tests
  }
  Object.assign(state, { send: setStateValue, trigger: setTriggerValue });
  state.listening?.abort(); // Streamlit calls this anew for new data; what an earlier call returned it may call after that
  const listening = (state.listening = new AbortController());
  const show = () => shared.points?.key === data.points && take(state, { ...shared.points, ...data });
  shared.addEventListener("points", show, { signal: listening.signal });
  show();
  return () => {
    listening.abort();
    if (state.listening !== listening) return; // newer data came meanwhile
    state.watcher?.disconnect();
    state.watcher = null;
  };
}

// Draw what has come: other points, another query, or both. What stays as it was is left alone: the legend and where it was
// scrolled to, the buttons, and for another query all points.
function take(state, view) {
  const old = state.view, otherWords = old?.lang !== view.lang, legend = JSON.stringify([view.lang, view.kinds, view.ramp]);
  const others = !old || old.addresses !== view.addresses || old.placed !== view.placed;
  const kinds = ({ kinds }) => JSON.stringify(kinds?.map(({ name }) => name) ?? null);
  if (others && state.numChosen) state.send("selected", ""); // rows of another gallery
  if (others) Object.assign(state, { chosen: new Uint8Array(view.placed), numChosen: 0 });
  if (old?.count !== view.count) Object.assign(state, { xs: new Float32Array(view.count), ys: new Float32Array(view.count) });
  if (others || kinds(old) !== kinds(view)) state.only.clear();
  const [red, green, blue] = getComputedStyle(state.root).color.match(/\d+/g).map(Number), light = red + green + blue < 384;
  const isSame = old?.points === view.points && state.light === light;
  Object.assign(state, { view, light, colours: isSame ? state.colours : table(view) });
  state.over.ariaLabel = view.words.alt;
  hover(state, null); // points may have other places in the arrays now
  if (otherWords) drawBar(state);
  if (state.legend !== legend) drawLegend(state);
  state.legend = legend;
  if (isSame) drawOver(state);
  else draw(state);
  if (!state.watcher) {
    state.watcher = new ResizeObserver(() => resize(state));
    state.watcher.observe(state.over); // and draws, once it has a size
  }
  state.root.dataset.painted = view.key;
}
