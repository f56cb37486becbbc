// A camera that stays on: a button or a key takes the frame that is shown, as often as wanted.
const STATES = new WeakMap();
const TYPING = `input, textarea, select, [contenteditable="true"], [role="textbox"], [role="combobox"], dialog`;
const PRESSED_BY_SPACE = `button, summary, a, [role="button"], [role="checkbox"], [role="radio"], [role="slider"]`;
const REASONS = { NotAllowedError: "refused", NotFoundError: "none", OverconstrainedError: "none", NotReadableError: "busy" };

function say(state, word) {
  state.word = word; // in whatever language comes
  state.root.querySelector(".says").textContent = state.words[word];
}

async function start(state) {
  const { video } = state;
  if (!navigator.mediaDevices?.getUserMedia) return say(state, "insecure");
  say(state, "waiting");
  try {
    state.stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, height: { ideal: 480 } } });
  } catch (error) {
    return say(state, REASONS[error.name] ?? "failed");
  }
  if (!state.root.isConnected) return stop(state);
  video.srcObject = state.stream;
  await video.play();
  video.hidden = state.button.disabled = false;
  state.root.dataset.on = "";
  say(state, "hint");
}

function stop(state) {
  for (const track of state.stream?.getTracks() ?? []) track.stop();
  state.stream = null;
}

function take(state) {
  const { video } = state, { videoWidth: width, videoHeight: height } = video;
  if (!state.stream || !width) return false;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(video, 0, 0);
  state.send("shot", { bytes: canvas.toDataURL("image/jpeg", 0.92).split(",")[1] });
  state.root.dataset.taken = Number(state.root.dataset.taken ?? 0) + 1;
  return true;
}

// Space presses what has the focus, unless that is what is chosen already, such as the source.
function isOurs(event) {
  const nodes = event.composedPath().filter((node) => node instanceof Element);
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
  if (nodes.some((node) => node.matches(TYPING))) return false;
  if (event.key === "c" || event.key === "C") return true;
  const pressed = nodes.find((node) => node.matches(PRESSED_BY_SPACE));
  return event.key === " " && (!pressed || pressed.getAttribute("aria-checked") === "true");
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".webcam");
  let state = STATES.get(root);
  const isNew = !state;
  if (isNew) {
    state = { root, video: root.querySelector("video"), button: root.querySelector("button") };
    STATES.set(root, state);
  }
  Object.assign(state, { words: data.words, send: setTriggerValue });
  state.button.textContent = data.words.take;
  state.button.onclick = () => take(state);
  state.video.setAttribute("aria-label", data.words.alt);
  if (isNew) start(state);
  else say(state, state.word);
  state.listening?.abort(); // Streamlit calls this anew for new data; what an earlier call returned it may call after that
  const listening = (state.listening = new AbortController()), { signal } = listening;
  const onKey = (event) => {
    if (!isOurs(event) || !take(state)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener("keydown", onKey, { signal, capture: true }); // before Streamlit's own widgets, which keep Space to themselves
  return () => {
    listening.abort();
    setTimeout(() => root.isConnected || stop(state)); // another source was chosen; a mere redraw leaves it on
  };
}
