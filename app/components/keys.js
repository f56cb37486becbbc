// Keys that work on the whole page, and the sheet that lists them. What a key does, the part that has it says:
// `step` goes to another layer, `leave` ends a mode, `back` takes one step back; who takes an event prevents its default.
const shared = (globalThis.alexnet ??= Object.assign(new EventTarget(), {}));
const OWN_KEYS = `input, textarea, select, [contenteditable="true"], [role="radio"], [role="slider"], [role="combobox"],
  [role="tab"], [role="menu"], [role="listbox"], [role="option"], [role="dialog"], dialog, .js-plotly-plot`;
const UNFOLDED = '[data-testid="stPopoverBody"], [role="listbox"], [role="menu"]';
const STATES = new WeakMap();

const taken = (name, detail) => !shared.dispatchEvent(new CustomEvent(name, { cancelable: true, detail }));

// Somebody types, or what has the focus moves by arrows of its own and by what it names in `data-keys`.
function isElsewhere(event) {
  if (event.key === "Escape" && document.querySelector(UNFOLDED)) return true;
  return event.composedPath().some((node) => {
    if (!(node instanceof Element)) return false;
    const own = node.matches('[role="application"]') && (event.key.startsWith("Arrow") || node.dataset.keys === event.key);
    return own || node.matches(OWN_KEYS);
  });
}

function element(parent, kind, className, text) {
  const made = document.createElement(kind);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function list(sheet, lines) {
  sheet.replaceChildren();
  for (const { caps, says } of lines) {
    const keys = element(sheet, "dt", "");
    for (const cap of caps) element(keys, "kbd", "", cap);
    element(sheet, "dd", "", says);
  }
}

// Beside what was touched last, inside the window.
function open(dialog, [x, y]) {
  if (dialog.open) return;
  dialog.showModal();
  const zoom = dialog.currentCSSZoom ?? 1; // presenting enlarges
  const within = (value, extent, room) => `${Math.max(8, Math.min(value / zoom, room / zoom - extent - 8))}px`;
  dialog.style.left = within(x + 24, dialog.offsetWidth, document.documentElement.clientWidth);
  dialog.style.top = within(y - 24, dialog.offsetHeight, innerHeight);
}

function eyeOf(event) {
  if (event.type !== "focusin") return [event.clientX, event.clientY];
  const box = event.composedPath()[0].getBoundingClientRect();
  return [Math.min(box.right, box.left + 200), Math.min(box.bottom, box.top + 100)];
}

export default function ({ parentElement, data, setTriggerValue }) {
  const { words, lines, isPresenting, address } = data, root = parentElement.querySelector(".keys");
  const button = root.querySelector(".ask"), dialog = root.querySelector("dialog"), close = root.querySelector(".close");
  const state = STATES.get(root) ?? { eye: [innerWidth / 3, innerHeight / 4] };
  STATES.set(root, state);
  state.listening?.abort(); // Streamlit calls this anew for new data; what an earlier call returned it may call after that
  const listening = (state.listening = new AbortController()), { signal } = listening;
  document.documentElement.lang = data.lang;
  const skip = document.querySelector('[data-testid="stSkipToContent"]'); // Streamlit's own speaks English alone
  if (skip) skip.textContent = words.skip;
  Object.assign(button, { ariaLabel: words.open, title: words.open });
  root.querySelector("h2").textContent = words.title;
  close.textContent = words.close;
  list(root.querySelector("dl"), lines);
  button.onclick = () => open(dialog, state.eye);
  close.onclick = () => dialog.close();
  dialog.onclick = ({ target, clientX, clientY }) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    if (target === dialog && (clientX < left || clientX > right || clientY < top || clientY > bottom)) dialog.close();
  };

  const does = {
    "?": () => (open(dialog, state.eye), true),
    p: () => (setTriggerValue("present", isPresenting ? "out" : "in"), true),
    ArrowLeft: () => taken("step", -1),
    ArrowRight: () => taken("step", 1),
    Escape: () => taken("leave") || (isPresenting ? (setTriggerValue("present", "out"), true) : taken("back")),
  };
  const onKey = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isElsewhere(event)) return;
    if (event.repeat && !event.key.startsWith("Arrow")) return;
    if (!does[event.key.length === 1 ? event.key.toLowerCase() : event.key]?.()) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onLook = (event) => dialog.open || (state.eye = eyeOf(event));
  const looks = ["pointermove", "pointerdown", "focusin"];
  document.addEventListener("keydown", onKey, { signal, capture: true }); // before Streamlit's buttons, which let no key pass
  for (const name of looks) document.addEventListener(name, onLook, { signal, passive: true });
  root.dataset.ready = "";
  if (state.address !== JSON.stringify(address)) shared.dispatchEvent(new Event("address")); // the server has written one
  state.address = JSON.stringify(address);
  return () => listening.abort();
}
