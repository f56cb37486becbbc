// The points of the map, apart from what changes with the query, so that they are sent once: `shared.points`.
const shared = (globalThis.alexnet ??= Object.assign(new EventTarget(), {}));

function read(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let from = 4 + length;
  const take = (Kind, count) => new Kind(bytes.slice(from, (from += Kind.BYTES_PER_ELEMENT * count)).buffer);
  const { count, dims } = header;
  const points = { ...header, positions: take(Float32Array, count * dims), rows: take(Uint32Array, count), colours: take(Uint16Array, header.placed) };
  points.at = new Int32Array(header.total).fill(-1); // a row's place among the points
  points.rows.forEach((row, i) => (points.at[row] = i));
  return points;
}

export default function ({ data }) {
  shared.points = read(data);
  shared.dispatchEvent(new Event("points"));
}
