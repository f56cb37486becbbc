// Figure 3: a canvas a GPU. Sorted and chosen here, without waiting for the server; the story below says of which moment.
const shared = (globalThis.alexnet ??= Object.assign(new EventTarget(), {}));
const STATES = new WeakMap();
const COLUMNS = 8, NUMBER_PX = 15, LARGEST_PX = 66, MARGIN_PX = 3;

function read(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const view = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headerLength)));
  const own = bytes.subarray(4 + headerLength);
  // the shipped kernels stand for the last moment too, which has them rounded
  view.pixels = () => (isPast(view) ? shared.story.pixels(shared.story.moment) : own);
  return view;
}

const isPast = (view) => shared.story?.key === view.story && shared.story.moment < shared.story.last;

function picture(view, pixels, kernel) {
  const size = view.height * view.width, at = kernel * size * 3;
  const own = pixels.subarray(at, at + size * 3), image = new ImageData(view.width, view.height);
  let low = 0, high = 255;
  if (view.each) [low, high] = own.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [255, 0]);
  const scale = 255 / (high - low || 1);
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = (own[3 * i + c] - low) * scale;
    image.data[4 * i + 3] = 255;
  }
  return image;
}

// The kernels of a tower, smallest value first; those whose value means nothing come last.
function ordered(tower, sort) {
  const kernels = Array.from({ length: tower.count }, (_, i) => tower.first + i);
  if (!sort.values) return kernels;
  const rank = (kernel) => (sort.sure[kernel] ? 0 : 1e9) + sort.values[kernel];
  return kernels.sort((a, b) => rank(a) - rank(b) || a - b);
}

function layout(view, tower, width, sort) {
  const ratio = window.devicePixelRatio || 1, columns = Math.min(COLUMNS, tower.count);
  const room = Math.floor((width * ratio) / COLUMNS);
  const fit = Math.min(room - 2 * MARGIN_PX * ratio, LARGEST_PX * ratio);
  const side = Math.max(1, Math.floor(fit / view.width)) * view.width; // whole pixels, all of one size
  const pitch = Math.min(room, Math.round(side + 12 * ratio)), margin = Math.round(MARGIN_PX * ratio);
  const rowPitch = side + 2 * margin + (sort.values ? Math.round(NUMBER_PX * ratio) : 0);
  return { ratio, columns, side, pitch, margin, rowPitch, rows: Math.ceil(tower.count / columns) };
}

function draw(view, part, state) {
  const { tower, canvas, figure } = part, sort = view.sorts[state.sort];
  const place = layout(view, tower, figure.clientWidth, sort), { ratio, side, margin } = place;
  part.place = place;
  part.order = ordered(tower, sort);
  canvas.width = place.columns * place.pitch;
  canvas.height = place.rows * place.rowPitch;
  canvas.style.width = `${canvas.width / ratio}px`;
  const context = canvas.getContext("2d"), small = new OffscreenCanvas(view.width, view.height);
  const ink = getComputedStyle(canvas).color, pixels = view.pixels();
  context.imageSmoothingEnabled = false;
  context.font = `${11 * ratio}px ${getComputedStyle(canvas).fontFamily}`;
  context.textAlign = "center";
  part.order.forEach((kernel, i) => {
    const x = (i % place.columns) * place.pitch + margin;
    const y = Math.floor(i / place.columns) * place.rowPitch + margin;
    small.getContext("2d").putImageData(picture(view, pixels, kernel), 0, 0);
    context.globalAlpha = sort.values && !sort.sure[kernel] ? 0.35 : 1;
    context.drawImage(small, x, y, side, side);
    context.globalAlpha = 1;
    context.fillStyle = ink;
    if (sort.values) context.fillText(sort.texts[kernel], x + side / 2, y + side + 13 * ratio);
    if (kernel !== state.kernel && !view.marked.includes(kernel)) return;
    context.lineWidth = (kernel === state.kernel ? 3 : 2) * ratio;
    context.strokeStyle = kernel === state.kernel ? tower.colour : ink;
    context.strokeRect(x - 1.5 * ratio, y - 1.5 * ratio, side + 3 * ratio, side + 3 * ratio);
  });
  canvas.dataset.order = part.order.map((kernel) => kernel + 1).join(" ");
}

function kernelAt({ canvas, place, order }, event) {
  const box = canvas.getBoundingClientRect(), scale = canvas.width / box.width;
  const column = Math.floor(((event.clientX - box.left) * scale) / place.pitch);
  const row = Math.floor(((event.clientY - box.top) * scale) / place.rowPitch);
  if (column < 0 || column >= place.columns || row < 0) return undefined;
  return order[row * place.columns + column];
}

// An answer that has not heard of the latest choice does not take it back.
function hear(state, { selected, sort, heard }) {
  if (heard >= (state.made ?? 0)) Object.assign(state, { kernel: selected, sort, made: heard });
}

export default function ({ parentElement, data, setStateValue }) {
  const view = read(data), root = parentElement.querySelector(".atlas");
  const tip = root.querySelector(".tip"), select = root.querySelector("select"), towers = root.querySelector(".towers");
  const state = STATES.get(root) ?? {};
  STATES.set(root, state);
  hear(state, view);

  root.querySelector(".sort span").textContent = view.words.sort;
  select.replaceChildren(...view.sorts.map(({ label }, i) => new Option(label, i, false, i === state.sort)));
  while (towers.children.length > view.towers.length) towers.lastChild.remove();
  while (towers.children.length < view.towers.length) {
    const figure = document.createElement("figure");
    figure.append(document.createElement("figcaption"), document.createElement("canvas"));
    towers.append(figure);
  }
  const parts = view.towers.map((tower, i) => {
    const figure = towers.children[i], canvas = figure.querySelector("canvas");
    figure.querySelector("figcaption").textContent = tower.label;
    figure.style.setProperty("--tower", tower.colour);
    Object.assign(canvas, { tabIndex: 0, role: "application", ariaLabel: tower.ariaLabel });
    return { tower, figure, canvas };
  });
  const paint = () => {
    for (const part of parts) draw(view, part, state);
    root.dataset.moment = shared.story?.key === view.story ? shared.story.moment : "";
    root.dataset.marked = view.marked.map((kernel) => kernel + 1).join(" ");
  };
  const choose = (what) => {
    Object.assign(state, what, { made: state.made + 1 });
    paint();
    setStateValue("choice", { kernel: state.kernel, sort: state.sort, number: state.made });
  };
  const chooseKernel = (kernel) => {
    choose({ kernel });
    tip.textContent = view.tips[kernel];
  };
  for (const part of parts) {
    const { canvas } = part;
    canvas.onpointermove = (event) => (tip.textContent = view.tips[kernelAt(part, event)] ?? "");
    canvas.onpointerleave = () => (tip.textContent = "");
    canvas.onclick = (event) => {
      const kernel = kernelAt(part, event);
      if (kernel !== undefined) chooseKernel(kernel);
    };
    canvas.onkeydown = (event) => {
      const { columns } = part.place;
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
      if (!step) return;
      event.preventDefault();
      const at = part.order.indexOf(state.kernel), next = at < 0 ? part.order[0] : part.order[at + step];
      if (next !== undefined) chooseKernel(next);
    };
  }
  select.onchange = () => choose({ sort: Number(select.value) });
  state.observer?.disconnect();
  state.observer = new ResizeObserver(paint);
  state.observer.observe(towers);
  const listening = new AbortController();
  state.listening?.abort(); // Streamlit calls this anew for new data, and what it returns only at the end
  state.listening = listening;
  shared.addEventListener("moment", paint, { signal: listening.signal });
  paint();
  root.dataset.painted = "conv1";
  return () => listening.abort();
}
