// What the network computed of a picture, apart from what is looked at in it, so that it is sent once a forward pass.
const shared = (globalThis.alexnet ??= Object.assign(new EventTarget(), {}));

function read(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const units = header.layers.reduce((sum, layer) => sum + layer.units, 0);
  const values = header.layers.reduce((sum, layer) => sum + layer.units * layer.size * layer.size, 0);
  const at = 4 + length, floats = new Float32Array(bytes.slice(at, at + 8 * units).buffer);
  const places = new Uint32Array(bytes.slice(at + 8 * units, at + 12 * units).buffer), rest = bytes.subarray(at + 12 * units);
  return {
    ...header,
    lows: floats.subarray(0, units),
    highs: floats.subarray(units),
    peaks: places,
    pixels: rest.subarray(0, values),
    square: rest.subarray(values),
  };
}

export default function ({ data }) {
  shared.computed = read(data);
  shared.dispatchEvent(new Event("computed"));
}
