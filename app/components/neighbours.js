// Figure 4, right: the query, and its nearest pictures in every space. Pointing at one shows where else it is near.
const SVG = "http://www.w3.org/2000/svg";

function element(parent, kind, className, text) {
  const made = document.createElement(kind);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

// A picture with its name below, or where there is none the name alone.
function sight(parent, address, label, alt, click) {
  const button = element(parent, "button", "sight");
  Object.assign(button, { type: "button", ariaLabel: alt, title: label });
  if (click) button.addEventListener("click", click);
  else button.disabled = true;
  if (!address) return void (button.textContent = label);
  const image = element(button, "img", "");
  Object.assign(image, { alt: "", decoding: "async", src: address });
  const below = element(parent, "span", "label", label);
  image.addEventListener("error", () => {
    below.remove();
    button.replaceChildren(label);
  });
}

function middle(node, root) {
  const box = node.getBoundingClientRect(), all = root.getBoundingClientRect(), zoom = all.width / root.offsetWidth; // presenting enlarges
  return [box.left - all.left + box.width / 2, box.top - all.top + box.height / 2].map((px) => px / zoom);
}

// Lines between the tiles of one picture, strip by strip.
function link(root, row) {
  root.querySelector("svg")?.remove();
  for (const tile of root.querySelectorAll(".tile.linked")) tile.classList.remove("linked");
  const same = row === null ? [] : [...root.querySelectorAll(`.strips .tile[data-row="${row}"]`)];
  if (same.length < 2) return;
  const svg = root.appendChild(document.createElementNS(SVG, "svg"));
  same.forEach((tile, i) => {
    tile.classList.add("linked");
    if (!i) return;
    const line = svg.appendChild(document.createElementNS(SVG, "line"));
    const [x1, y1] = middle(same[i - 1], root), [x2, y2] = middle(tile, root);
    for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) line.setAttribute(name, value);
  });
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".figure"), { words } = data;
  const query = root.querySelector(".query"), strips = root.querySelector(".strips");
  const held = root.getRootNode().activeElement, hadFocus = root.contains(held);
  const tileOf = (node) => `.strip[data-name="${node.closest(".strip").dataset.name}"] .tile[data-row="${node.closest(".tile").dataset.row}"]`;
  const again = hadFocus && held.closest(".strip") && `${tileOf(held)} .${held.className}`;
  root.querySelector("svg")?.remove();
  query.replaceChildren();
  strips.replaceChildren();
  const own = element(query, "div", "tile");
  sight(own, data.picture, data.label, words.query.replace("{label}", () => data.label));
  if (data.isRow) {
    const back = element(query, "button", "back", words.back);
    back.type = "button";
    back.addEventListener("click", () => setTriggerValue("query", -1));
  }
  for (const strip of data.strips) {
    const box = element(strips, "section", "strip");
    box.dataset.name = strip.name;
    element(box, "div", "title", strip.title);
    element(box, "div", "note", strip.note);
    const tiles = element(box, "div", "tiles");
    for (const { row, label, distance, alt, picture } of strip.tiles) {
      const tile = element(tiles, "div", "tile");
      tile.dataset.row = row;
      sight(tile, picture, label, alt, () => setTriggerValue("query", row));
      const says = element(tile, "span", "says");
      element(says, "span", "distance", distance);
      const why = element(says, "button", "why", words.why);
      Object.assign(why, { type: "button", ariaLabel: `${words.why} ${alt}` });
      why.addEventListener("click", () => setTriggerValue("why", row));
      for (const event of ["pointerenter", "focusin"]) tile.addEventListener(event, () => link(root, row));
      for (const event of ["pointerleave", "focusout"]) tile.addEventListener(event, () => link(root, null));
    }
  }
  const focused = hadFocus && ((again && root.querySelector(again)) || root.querySelector(".back, .strips .sight:enabled"));
  if (focused) focused.focus({ preventScroll: true }); // what had the focus was drawn anew
  root.dataset.painted = data.key;
}
