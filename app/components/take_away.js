// The page's pictures as files, and the page itself as one: read from what is drawn, in the order in which it stands.
const LOOK_MS = 500, LEAST_WIDTH = 800, STRIP = { pad: 12, line: 22, font: "16px sans-serif" }, SVG = "http://www.w3.org/2000/svg";
const BLOCKS = "h1, h2, h3, h4, h5, h6, p, li, pre, table";
const PICTURES = ".net, .picture .frame, .js-plotly-plot, .bars, canvas, img";

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function element(parent, kind, className, text) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

// Elements in document order, those of open shadow roots included; `enter` says whether to go inside one.
function* walk(node, enter) {
  for (const child of node.children) {
    yield child;
    if (enter(child)) yield* walk(child.shadowRoot ?? child, enter);
  }
}

const isShown = (node) => node.checkVisibility?.() !== false && node.getBoundingClientRect().width > 8;
const PAINTED_TABLE = '[data-testid="stDataFrame"]';
const skipped = (node) => node.matches(`${PAINTED_TABLE}, [data-testid="stFileUploader"], nav, video, script, style`);
const main = () => document.querySelector('[data-testid="stMain"]');

function pictures() {
  const inside = (node) => !skipped(node) && !node.matches(PICTURES);
  return [...walk(main(), inside)].filter((node) => node.matches(PICTURES) && isShown(node) && sizeOf(node)[0] > 8);
}

function sizeOf(node) {
  if (node instanceof HTMLCanvasElement) return [node.width, node.height];
  if (node instanceof HTMLImageElement) return [node.naturalWidth, node.naturalHeight];
  const box = node.getBoundingClientRect();
  return [box.width, box.height];
}

function nameOf(node) {
  const card = node.closest(".card")?.querySelector("h4")?.textContent; // a unit, enlarged
  const layer = node.closest(".atlas[data-layer]")?.dataset.layer, figure = node.closest("figure")?.querySelector("figcaption")?.textContent;
  const caption = card || (layer && figure ? `${layer} · ${figure}` : figure);
  const inside = node.querySelector?.("[role=img][aria-label], canvas[aria-label], svg[aria-label]")?.getAttribute("aria-label");
  const around = node.closest("[aria-label]")?.getAttribute("aria-label");
  return (caption || node.getAttribute("alt") || node.getAttribute("aria-label") || inside || around || headingOf(node)).trim();
}

function headingOf(node) {
  let last = "";
  for (const other of walk(main(), (one) => !skipped(one))) {
    if (other === node) break;
    if (other.matches("h1, h2, h3, h4, h5, h6") && isShown(other)) last = other.textContent;
  }
  return last;
}

// The unit that a picture shows, counted from 1, where it shows one: as a component says, or the place that it stands in.
function unitOf(node) {
  const own = node.closest("[data-layer][data-unit]");
  if (own) return { layer: own.dataset.layer, number: Number(own.dataset.unit), ofPicture: true };
  const place = (node.getRootNode().host ?? node).closest('[class*="st-key-of_"], [class*="st-key-seen_"]');
  const [, kind, layer, number] = place?.className.match(/st-key-(of|seen)_([a-z]+\d*)_(\d+)/) ?? [];
  return layer ? { layer, number: Number(number), ofPicture: kind === "seen" } : null;
}

// The model that a picture is of: the one in use, or the one beside it.
const modelOf = (state, node) => node.querySelector?.("[data-model]")?.dataset.model ?? state.data.model;

// The picture's name; model, unit if it shows one, the photograph if it is made from that, page.
function captionOf(state, node) {
  const { data } = state, { words } = data, shown = unitOf(node), about = [modelOf(state, node)];
  if (shown) {
    const [units, towers] = data.layers[shown.layer] ?? [1, 1], gpu = 1 + Math.floor(((shown.number - 1) * towers) / units);
    about.push(fill(towers === 2 ? words.unit : words.unitOneTower, { name: shown.layer, number: shown.number, gpu }));
    if (shown.ofPicture) about.push(data.picture);
  }
  return [nameOf(node), [...about, data.pageTitle].join(" · ")];
}

function fileName(state, node, kind) {
  const { data } = state, shown = unitOf(node);
  const what = nameOf(node).toLowerCase().replace(/[^\p{Letter}\p{Number}]+/gu, "-").slice(0, 40).replace(/^-|-$/g, "");
  const parts = ["alexnet", modelOf(state, node), shown?.layer ?? data.page, shown?.number, what];
  return `${parts.filter(Boolean).join("-")}.${kind}`;
}

function colours() {
  const style = getComputedStyle(document.querySelector('[data-testid="stApp"]'));
  return { paper: style.backgroundColor, ink: style.color };
}

// Drawings

function loaded(address) {
  const image = new Image();
  return new Promise((resolve, reject) => Object.assign(image, { onload: () => resolve(image), onerror: reject, src: address }));
}

const svgAddress = (svg) => `data:image/svg+xml;base64,${text64(new XMLSerializer().serializeToString(svg))}`;

function text64(text) {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return btoa(bytes);
}

// A copy of an SVG that keeps its look away from the page: size, font and colours are written into it.
function standalone(svg) {
  const copy = svg.cloneNode(true), box = svg.getBoundingClientRect();
  const sources = [svg, ...svg.querySelectorAll("*")], copies = [copy, ...copy.querySelectorAll("*")];
  sources.forEach((source, i) => {
    const style = getComputedStyle(source);
    for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-family", "text-anchor", "paint-order"]) {
      copies[i].style.setProperty(name, style.getPropertyValue(name));
    }
  });
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("width", box.width);
  copy.setAttribute("height", box.height);
  copy.removeAttribute("class");
  return copy;
}

// Bars in HTML as an SVG: names, bars, outlines and values where the browser has put them.
function barsAsSvg(node) {
  const box = node.getBoundingClientRect(), svg = document.createElementNS(SVG, "svg"), { ink } = colours();
  svg.setAttribute("xmlns", SVG);
  svg.setAttribute("width", box.width);
  svg.setAttribute("height", box.height);
  const add = (kind, attributes, words) => {
    const made = document.createElementNS(SVG, kind);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (words !== undefined) made.textContent = words;
    svg.append(made);
  };
  for (const part of node.querySelectorAll(".name, .now, .was, .value")) {
    const at = part.getBoundingClientRect(), x = at.left - box.left, y = at.top - box.top;
    if (part.matches(".now")) add("rect", { x, y, width: at.width, height: at.height, fill: getComputedStyle(part).backgroundColor });
    else if (part.matches(".was")) add("rect", { x, y, width: at.width, height: at.height, fill: "none", stroke: ink, "stroke-width": 2 });
    else {
      const end = part.matches(".name");
      const place = { x: end ? x + at.width : x + 6, y: y + at.height / 2 + 5, "text-anchor": end ? "end" : "start" };
      add("text", { ...place, fill: ink, "font-size": 13, "font-family": "sans-serif" }, part.textContent);
    }
  }
  return svg;
}

function svgsOf(node) {
  if (node.matches(".bars")) return [barsAsSvg(node)];
  if (node.matches(".js-plotly-plot")) return [...node.querySelectorAll(".main-svg")].map(standalone);
  return null;
}

// Several canvases, lines and words as they lie over each other.
async function composed(node, scale) {
  const box = node.getBoundingClientRect(), canvas = document.createElement("canvas"), { paper, ink } = colours();
  Object.assign(canvas, { width: Math.round(box.width * scale), height: Math.round(box.height * scale) });
  const context = canvas.getContext("2d");
  context.fillStyle = paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(scale, scale);
  context.imageSmoothingEnabled = node.matches(".frame");
  for (const part of node.querySelectorAll("svg, canvas, .box, .name, .facts, .gpu")) {
    const at = part.getBoundingClientRect(), x = at.left - box.left, y = at.top - box.top;
    if (part.matches("svg")) context.drawImage(await loaded(svgAddress(standalone(part))), x, y, at.width, at.height);
    else if (part instanceof HTMLCanvasElement) context.drawImage(part, x, y, at.width, at.height);
    if (part.matches(".box")) {
      Object.assign(context, { strokeStyle: getComputedStyle(part).borderColor, lineWidth: 2 });
      context.strokeRect(x + 1, y + 1, at.width - 2, at.height - 2);
    } else if (part.matches(".name, .facts, .gpu")) words(context, part, x, y, at.width, ink);
  }
  return canvas;
}

function words(context, part, x, y, width, ink) {
  const style = getComputedStyle(part), first = part.matches(".gpu") ? part.firstChild.textContent : part.textContent;
  const middle = style.textAlign === "center";
  Object.assign(context, { fillStyle: part.matches(".gpu") ? style.color : ink, font: `${style.fontWeight} ${style.fontSize} sans-serif`,
    textAlign: middle ? "center" : "left", textBaseline: "top" });
  first.split("\n").forEach((line, i) => context.fillText(line, middle ? x + width / 2 : x, y + 2 + 15 * i));
}

// One picture as a canvas of at least `least` pixels' width; maps stay made of squares.
async function raster(node, least) {
  if (node.matches(".net, .frame")) return composed(node, Math.max(1, least / node.getBoundingClientRect().width));
  const svgs = svgsOf(node), [width, height] = sizeOf(node), canvas = document.createElement("canvas");
  const isMap = getComputedStyle(node).imageRendering === "pixelated" || (!svgs && width < 256);
  const scale = isMap ? Math.max(1, Math.ceil(least / width)) : Math.max(1, least / width);
  Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = !isMap;
  if (svgs) {
    context.fillStyle = colours().paper;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  for (const one of svgs ? await Promise.all(svgs.map((svg) => loaded(svgAddress(svg)))) : [node]) {
    context.drawImage(one, 0, 0, canvas.width, canvas.height);
  }
  return canvas;
}

function wrapped(context, lines, width) {
  return lines.flatMap((line) => {
    const made = [""];
    for (const word of line.split(/(?<=[ ，。；：])/)) {
      if (made.at(-1) && context.measureText(made.at(-1) + word).width > width) made.push("");
      made[made.length - 1] += word;
    }
    return made;
  });
}

async function asPng(state, node) {
  const picture = await raster(node, LEAST_WIDTH), made = document.createElement("canvas"), { paper, ink } = colours();
  const context = made.getContext("2d");
  context.font = STRIP.font;
  const lines = wrapped(context, captionOf(state, node), picture.width - 2 * STRIP.pad);
  Object.assign(made, { width: picture.width, height: picture.height + STRIP.line * lines.length + 2 * STRIP.pad });
  Object.assign(context, { fillStyle: paper, font: STRIP.font });
  context.fillRect(0, 0, made.width, made.height);
  context.drawImage(picture, 0, 0);
  Object.assign(context, { fillStyle: ink, font: STRIP.font, textBaseline: "top" });
  lines.forEach((line, i) => context.fillText(line, STRIP.pad, picture.height + STRIP.pad + i * STRIP.line));
  return new Promise((resolve) => made.toBlob(resolve, "image/png"));
}

async function asSvg(state, node) {
  const svgs = svgsOf(node), picture = svgs ? null : await raster(node, LEAST_WIDTH), { paper, ink } = colours();
  const [width, height] = svgs ? sizeOf(node) : [picture.width, picture.height];
  const measure = document.createElement("canvas").getContext("2d");
  measure.font = STRIP.font;
  const lines = wrapped(measure, captionOf(state, node), width - 2 * STRIP.pad);
  const whole = document.createElementNS(SVG, "svg"), total = height + STRIP.line * lines.length + 2 * STRIP.pad;
  const set = (made, attributes) => Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  set(whole, { xmlns: SVG, width, height: total, viewBox: `0 0 ${width} ${total}` });
  const ground = document.createElementNS(SVG, "rect");
  set(ground, { width, height: total, fill: paper });
  whole.append(ground);
  if (svgs) whole.append(...svgs);
  else {
    const image = document.createElementNS(SVG, "image");
    set(image, { width, height, href: picture.toDataURL("image/png") });
    whole.append(image);
  }
  lines.forEach((line, i) => {
    const text = document.createElementNS(SVG, "text");
    set(text, { x: STRIP.pad, y: height + STRIP.pad + i * STRIP.line + 16, fill: ink, "font-size": 16, "font-family": "sans-serif" });
    text.textContent = line;
    whole.append(text);
  });
  return new Blob([new XMLSerializer().serializeToString(whole)], { type: "image/svg+xml" });
}

// The page as one file

const PAGE_CSS = `:root { color-scheme: light dark; } body { font: 17px/1.5 sans-serif; max-width: 980px; margin: 24px auto; padding: 0 16px; }
figure { margin: 16px 0; } img { max-width: 100%; } figcaption, footer { opacity: .8; font-size: 14px; }
table { border-collapse: collapse; } td, th { border: 1px solid #8888; padding: 2px 8px; }`;

async function asPage(state) {
  const { data } = state, { words } = data, made = document.implementation.createHTMLDocument(`${words.title}: ${data.pageTitle}`);
  made.documentElement.lang = document.documentElement.lang;
  element(made.head, "meta", "").setAttribute("charset", "utf-8");
  element(made.head, "style", "", PAGE_CSS);
  const body = element(made.body, "main", "");
  element(body, "h1", "", `${words.title}: ${data.pageTitle}`);
  const unwanted = (node) => skipped(node) || node.matches("button, label, input, select, dialog, a, [data-testid=stWidgetLabel]");
  const inside = (node) => !unwanted(node) && !node.matches(PICTURES) && !node.matches(BLOCKS);
  for (const node of walk(main(), inside)) {
    if (isShown(node) && node.matches(PAINTED_TABLE)) addRows(body, rowsOf(data, node));
    if (!isShown(node) || unwanted(node)) continue;
    if (node.matches(PICTURES)) await addFigure(state, body, node);
    else if (node.matches("table")) addRows(body, cellsOf(node));
    else if (node.matches(BLOCKS)) addText(body, node);
    else if (node.matches('[data-testid="stMetric"]')) element(body, "p", "", node.innerText.replace(/\n+/g, ": "));
  }
  const footer = element(body, "footer", "", words.link), link = element(footer, "a", "", location.href);
  link.href = location.href;
  element(footer, "p", "", words.no_upload);
  return new Blob([`<!doctype html>${made.documentElement.outerHTML}`], { type: "text/html" });
}

async function addFigure(state, body, node) {
  if (sizeOf(node)[0] <= 8) return;
  const figure = element(body, "figure", ""), image = element(figure, "img", ""), [name, about] = captionOf(state, node);
  image.src = (await raster(node, 400)).toDataURL("image/png");
  image.alt = name;
  element(figure, "figcaption", "", `${name} (${about})`);
}

// What Streamlit paints has no cells to read; the server says what is in it, by the key of its place.
function rowsOf(data, node) {
  const key = node.closest('[class*="st-key-table_"]')?.className.match(/st-key-table_(\w+)/)?.[1];
  return (data.tables[key] ?? []).map((cells, i) => cells.map((text) => [i ? "td" : "th", text]));
}

const cellsOf = (table) => [...table.rows].map((row) => [...row.cells].map((cell) => [cell.localName, cell.textContent]));

function addRows(body, rows) {
  const table = element(body, "table", "");
  for (const row of rows) {
    const made = element(table, "tr", "");
    for (const [kind, text] of row) element(made, kind, "", text);
  }
}

function addText(body, node) {
  const text = node.innerText.trim();
  if (text) element(body, /^h\d$/.test(node.localName) ? "h2" : "p", "", text);
}

function save(blob, name) {
  const link = document.createElement("a");
  Object.assign(link, { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".take"), state = { data }, { words } = data;
  const list = root.querySelector("ul"), page = root.querySelector(".page"), none = root.querySelector(".none");
  page.textContent = words.page;
  page.onclick = async () => save(await asPage(state), `alexnet-${data.page}.html`);
  root.querySelector("h3").textContent = words.pictures;
  const refresh = () => {
    const found = pictures();
    list.replaceChildren();
    none.textContent = found.length ? "" : words.none;
    for (const node of found) {
      const item = element(list, "li", ""), name = nameOf(node);
      element(item, "span", "", name).title = name;
      for (const [kind, make, label] of [["png", asPng, words.as_png], ["svg", asSvg, words.as_svg]]) {
        const button = element(item, "button", kind, kind.toUpperCase());
        button.type = "button";
        button.setAttribute("aria-label", fill(label, { name }));
        button.onclick = async () => save(await make(state, node), fileName(state, node, kind));
      }
    }
    Object.assign(state, { found, names: found.map(nameOf) });
    root.dataset.pictures = found.length;
  };
  // other pictures, others in their place, or other names
  const isOther = (found) => found.length !== state.found.length || found.some((node, i) => node !== state.found[i] || nameOf(node) !== state.names[i]);
  refresh();
  // what a page draws comes bit by bit, and components draw where no observer of the page looks
  clearInterval(root.timer); // Streamlit calls this anew for new data; what an earlier call returned it may never call
  const timer = (root.timer = setInterval(() => isShown(root) && isOther(pictures()) && refresh(), LOOK_MS));
  return () => clearInterval(timer);
}
