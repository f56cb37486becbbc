// Milliseconds from an event to the second frame after what it brought is in the document: that frame's predecessor painted it.
const hosts = new Map();

// An element inside a component's shadow root.
function inside(selector) {
  const known = hosts.get(selector);
  if (known?.isConnected) return known;
  for (const { shadowRoot } of document.querySelectorAll("*")) {
    const found = shadowRoot?.querySelector(selector);
    if (found) return hosts.set(selector, found).get(selector);
  }
  return null;
}

const painted = (selector) => inside(selector)?.dataset.painted ?? "";
const texts = (selector) => [...document.querySelectorAll(selector)].map((one) => one.textContent).join("\n");

const app = () => document.querySelector('[data-testid="stApp"]')?.dataset ?? {};
const atRest = (text) => (app().testScriptState === "notRunning" ? text : ""); // of the script
const reader = (text) => new Function("inside", "texts", "painted", "atRest", `return ${text}`).bind(null, inside, texts, painted, atRest);

// When the page and its server spoke to each other: Streamlit's frontend finds this socket in place of the browser's.
const sent = [], heard = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(...words) {
    super(...words);
    this.addEventListener("message", () => heard.push(performance.now()));
  }
  send(data) {
    sent.push(performance.now());
    super.send(data);
  }
};

let since = null; // when the script was last seen running, or the document not ready
function watch() {
  const { testConnectionState, testScriptState } = app();
  if (testConnectionState !== "CONNECTED" || testScriptState !== "notRunning") since = performance.now();
  requestAnimationFrame(watch);
}
watch();

globalThis.stopwatch = {
  idle: () => ([...document.images].every((image) => image.complete) ? performance.now() - (since ?? performance.now()) : 0),
  settledAt: () => since,
  // Milliseconds after the event: the page's first word to the server, and the first and last answer before `until`.
  talk(until) {
    const within = (times) => times.map((time) => time - this.begun()).filter((time) => time >= 0 && time <= until);
    const answers = within(heard);
    return { sent: within(sent)[0], first: answers[0], last: answers.at(-1) };
  },
  read: (text) => reader(text)(),
  start(event, marks) {
    const reads = Object.entries(marks).map(([name, text]) => [name, reader(text)]);
    const before = reads.map(([, read]) => read());
    let begun = null;
    this.begun = () => begun;
    addEventListener(event, ({ timeStamp }) => (begun = timeStamp), { capture: true, once: true });
    const arrival = ([name, read], i) => new Promise((done) => {
      const look = () => {
        const now = begun === null ? before[i] : read();
        if (!now || now === before[i]) return requestAnimationFrame(look);
        return requestAnimationFrame(() => done([name, performance.now() - begun]));
      };
      look();
    });
    const tooLate = new Promise((_, fail) => setTimeout(() => fail(new Error(`nothing came of a ${event} within 30 s`)), 30_000));
    this.times = Promise.race([Promise.all(reads.map(arrival)).then(Object.fromEntries), tooLate]);
    this.times.catch(() => {}); // whoever waits for it hears of it
  },
};
