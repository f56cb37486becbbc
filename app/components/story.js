// The moments of a training: a slider that plays them, and what the network made of a few pictures at each. All of it is sent
// once; `shared.story` has the kernels of every moment, which the atlas above draws when it hears "moment".
const shared = (globalThis.alexnet ??= Object.assign(new EventTarget(), {}));
const STATES = new WeakMap();
const MOMENT_MS = 180, NEAR_PX = 16, DOT_PX = 5, MARGIN_PX = 14;

function read(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const view = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let from = 4 + length;
  const take = (Kind, count) => new Kind(bytes.slice(from, (from += Kind.BYTES_PER_ELEMENT * count)).buffer);
  const moments = view.moments.length, pictures = view.pictures.length;
  const places = take(Float32Array, moments * pictures * 2);
  const probabilities = take(Float32Array, moments * pictures * view.shown);
  const guesses = take(Int16Array, moments * pictures * view.shown);
  const codes = bytes.subarray(from), figure = codes.length / moments;
  const row = (array, size) => (moment, picture) => {
    const at = (moment * pictures + picture) * size;
    return array.subarray(at, at + size);
  };
  view.place = row(places, 2);
  view.probabilities = row(probabilities, view.shown);
  view.guesses = row(guesses, view.shown);
  view.pixels = (moment) => codes.subarray(moment * figure, (moment + 1) * figure);
  return view;
}

const isAsked = (view, moment) => view.guesses(moment, 0)[0] >= 0;
const isRight = (view, moment, picture) => view.guesses(moment, picture)[0] === view.pictures[picture].label;
const spoken = (p) => (p < 0.01 ? "<.01" : p < 0.995 ? p.toFixed(2).slice(1) : "1.00");

// Where a picture is on the canvas, in CSS pixels; undefined where it has no place.
function at(view, moment, picture, side) {
  const [x, y] = view.place(moment, picture);
  const half = side / 2, reach = half - MARGIN_PX;
  return Number.isFinite(x) ? [half + reach * x, half - reach * y] : undefined;
}

function drawMap(view, state, canvas) {
  const ratio = window.devicePixelRatio || 1, side = canvas.clientWidth, context = canvas.getContext("2d");
  const style = getComputedStyle(canvas), ink = style.color, accent = style.getPropertyValue("--st-primary-color") || ink;
  canvas.width = canvas.height = Math.round(side * ratio);
  context.scale(ratio, ratio);
  context.strokeStyle = context.fillStyle = ink;
  context.lineWidth = 1.5;
  context.globalAlpha = 0.4; // the way of the chosen picture so far
  context.beginPath();
  for (let moment = 0; moment <= state.moment; moment++) {
    const place = at(view, moment, state.picture, side);
    if (place) context.lineTo(...place);
  }
  context.stroke();
  const label = view.pictures[state.picture].label, order = view.pictures.map((_, i) => i);
  order.sort((a, b) => (a === state.picture) - (b === state.picture)); // the chosen one lies on top
  for (const picture of order) {
    const place = at(view, state.moment, picture, side), chosen = picture === state.picture;
    if (!place) continue;
    const mate = view.pictures[picture].label === label;
    context.globalAlpha = mate ? 1 : 0.55;
    context.strokeStyle = context.fillStyle = mate ? accent : ink;
    context.beginPath();
    context.arc(...place, chosen ? DOT_PX + 2 : DOT_PX, 0, 2 * Math.PI);
    if (isRight(view, state.moment, picture)) context.fill();
    context.stroke();
    if (!chosen) continue;
    context.beginPath();
    context.arc(...place, DOT_PX + 6, 0, 2 * Math.PI);
    context.stroke();
  }
}

function nearest(view, state, canvas, event) {
  const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  const far = view.pictures.map((_, i) => {
    const place = at(view, state.moment, i, box.width);
    return place ? Math.hypot(place[0] - x, place[1] - y) : Infinity;
  });
  const least = Math.min(...far);
  return least <= NEAR_PX ? far.indexOf(least) : undefined;
}

function drawBars(view, state, bars) {
  const { label } = view.pictures[state.picture];
  const guesses = view.guesses(state.moment, state.picture), shares = view.probabilities(state.moment, state.picture);
  while (bars.children.length < 2 * view.shown) {
    const name = document.createElement("span"), track = document.createElement("span");
    name.className = "name";
    track.className = "track";
    track.append(document.createElement("i"), document.createElement("b"));
    bars.append(name, track);
  }
  while (bars.children.length > 2 * view.shown) bars.lastChild.remove(); // another model has fewer
  guesses.forEach((guess, i) => {
    const name = bars.children[2 * i], [bar, number] = bars.children[2 * i + 1].children;
    name.textContent = name.title = (guess === label ? "✓ " : "") + view.classes[guess];
    name.classList.toggle("true", guess === label);
    bar.style.width = `${100 * shares[i]}%`;
    number.style.left = bar.style.width;
    number.textContent = spoken(shares[i]);
  });
}

function draw(view, state, root) {
  const asked = isAsked(view, state.moment), said = root.querySelector(".score");
  said.textContent = asked ? view.scores[state.moment] : view.words.silent;
  root.querySelector(".named").textContent = view.pictures[state.picture].name;
  const bars = root.querySelector(".bars");
  bars.style.visibility = asked ? "visible" : "hidden";
  if (asked) drawBars(view, state, bars);
  drawMap(view, state, root.querySelector("canvas"));
}

function player(view, state, root, paint) {
  const slider = root.querySelector("input"), button = root.querySelector("button"), said = root.querySelector("output");
  const last = view.moments.length - 1;
  const stop = () => {
    clearInterval(state.timer);
    state.timer = 0;
    button.textContent = view.words.play;
    said.ariaLive = "polite";
  };
  const say = () => {
    slider.value = state.moment;
    said.textContent = view.moments[state.moment];
    slider.setAttribute("aria-valuetext", view.moments[state.moment]);
  };
  const show = (moment) => {
    state.moment = moment;
    say();
    paint();
  };
  stop();
  slider.max = last;
  slider.setAttribute("aria-label", view.words.slider);
  say();
  slider.oninput = () => {
    stop();
    show(Number(slider.value));
  };
  button.onclick = () => {
    if (state.timer) return stop();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return show(state.moment === last ? 0 : last);
    button.textContent = view.words.pause;
    said.ariaLive = "off"; // while it plays
    show(state.moment === last ? 0 : state.moment); // it never starts by itself, so motion is always asked for
    state.timer = setInterval(() => {
      if (!root.isConnected || state.moment === last) return stop();
      if (state.moment + 1 === last) stop(); // before it is said, to be heard
      show(state.moment + 1);
    }, MOMENT_MS);
  };
}

export default function ({ parentElement, data }) {
  const view = read(data), root = parentElement.querySelector(".story"), last = view.moments.length - 1;
  const canvas = root.querySelector("canvas"), pictures = root.querySelector(".pictures");
  const state = STATES.get(root) ?? { timer: 0 };
  STATES.set(root, state);
  if (state.key !== view.key) Object.assign(state, { key: view.key, moment: last, picture: 0 });
  pictures.hidden = !view.pictures.length;
  const paint = () => {
    shared.story = { key: view.key, moment: state.moment, last, pixels: view.pixels };
    shared.dispatchEvent(new Event("moment"));
    if (!pictures.hidden) draw(view, state, root);
    Object.assign(root.dataset, { moment: state.moment, picture: state.picture });
  };
  const choose = (picture) => {
    state.picture = picture;
    paint();
  };
  canvas.ariaLabel = view.words.map;
  canvas.onpointermove = (event) => (canvas.style.cursor = nearest(view, state, canvas, event) === undefined ? "" : "pointer");
  canvas.onclick = (event) => {
    const picture = nearest(view, state, canvas, event);
    if (picture !== undefined) choose(picture);
  };
  canvas.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], count = view.pictures.length;
    if (!step) return;
    event.preventDefault();
    choose((state.picture + step + count) % count);
  };
  state.observer?.disconnect();
  state.observer = new ResizeObserver(() => pictures.hidden || draw(view, state, root));
  state.observer.observe(pictures);
  player(view, state, root, paint);
  paint();
}
