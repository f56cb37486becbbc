// A heat map of a few hundred cells; a click or an arrow key chooses one.
function read(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { ...header, values: new Float32Array(bytes.slice(4 + length).buffer) };
}

function colour(ramp, share) {
  const at = share * (ramp.length - 1), k = Math.min(ramp.length - 2, Math.floor(at)), t = at - k;
  return `rgb(${ramp[k].map((part, c) => Math.round(part * (1 - t) + ramp[k + 1][c] * t)).join(" ")})`;
}

const SIDE = 420, CHOICES = new WeakMap();

function draw(canvas, { rows, columns, values, at, ramp }) {
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d"), high = SIDE / rows, wide = SIDE / columns;
  for (let i = 0; i < rows * columns; i++) {
    context.fillStyle = colour(ramp, Math.min(1, Math.max(0, values[i])));
    context.fillRect((i % columns) * wide, Math.floor(i / columns) * high, wide + 0.5, high + 0.5);
  }
  const [y, x] = [(at[0] + 0.5) * high, (at[1] + 0.5) * wide];
  for (const [line, width] of [["#000", 5], ["#fff", 2.5]]) {
    Object.assign(context, { strokeStyle: line, lineWidth: width });
    context.strokeRect(x - wide / 2, y - high / 2, wide, high);
  }
}

export default function ({ parentElement, data, setStateValue }) {
  const seen = read(data), { rows, columns } = seen;
  const canvas = parentElement.querySelector("canvas"), told = parentElement.querySelector(".told");
  const choice = CHOICES.get(canvas) ?? { made: 0 };
  CHOICES.set(canvas, choice);
  if (seen.heard < choice.made) seen.at = choice.at; // an answer that has not heard of the latest choice does not take it back
  else choice.made = seen.heard;
  const tell = ([row, column]) => {
    const value = seen.values[row * columns + column];
    const words = { row: row * seen.unit, column: column * seen.unit, value: value < 0.01 ? "<.01" : value.toFixed(2).replace(/^0/, "") };
    told.textContent = seen.told.replace(/\{(\w+)\}/g, (_, name) => words[name]);
  };
  const inside = (value, count) => Math.max(0, Math.min(count - 1, value));
  const cellOf = (event) => {
    const box = canvas.getBoundingClientRect();
    return [inside(Math.floor(((event.clientY - box.top) / box.height) * rows), rows),
      inside(Math.floor(((event.clientX - box.left) / box.width) * columns), columns)];
  };
  const here = () => [inside(Math.round(seen.at[0]), rows), inside(Math.round(seen.at[1]), columns)];
  const choose = (cell) => {
    choice.at = seen.at = cell;
    draw(canvas, seen);
    tell(cell);
    setStateValue("cell", [...cell, ++choice.made]);
  };
  canvas.setAttribute("aria-label", seen.label);
  canvas.onpointermove = (event) => tell(cellOf(event));
  canvas.onpointerleave = () => tell(here());
  canvas.onclick = (event) => choose(cellOf(event));
  canvas.onkeydown = (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const [row, column] = here();
    choose([inside(row + step[0], rows), inside(column + step[1], columns)]);
  };
  draw(canvas, seen);
  tell(here());
}
