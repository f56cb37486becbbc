// Milliseconds from an event to the second frame after what it brought is in the document: that frame's predecessor painted it.
// A mark that is a number is a moment itself.
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

// Since the event: when the first message to the server was on its way, and when the one was back that brings the bars.
const passed = { asked: 0, told: 0 }, SMALL_BYTES = 20_000, { send } = WebSocket.prototype;
function hear({ data, timeStamp }) {
  if (data.byteLength < SMALL_BYTES && new TextDecoder().decode(data).includes('class="bars')) passed.told ||= timeStamp;
}
WebSocket.prototype.send = function (data) {
  passed.asked ||= performance.now();
  this.addEventListener("message", hear); // a second time it does nothing
  return send.call(this, data);
};

const known = { inside, texts, painted, atRest, passed };
const reader = (text) => new Function(...Object.keys(known), `return ${text}`).bind(null, ...Object.values(known));

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
  read: (text) => reader(text)(),
  start(event, marks) {
    const reads = Object.entries(marks).map(([name, text]) => [name, reader(text)]);
    const before = reads.map(([, read]) => read());
    let begun = null;
    const begin = ({ timeStamp }) => (Object.assign(passed, { asked: 0, told: 0 }), (begun = timeStamp));
    addEventListener(event, begin, { capture: true, once: true });
    const arrival = ([name, read], i) => new Promise((done) => {
      const look = () => {
        const now = begun === null ? before[i] : read();
        if (!now || now === before[i]) return requestAnimationFrame(look);
        if (typeof now === "number") return done([name, now - begun]);
        return requestAnimationFrame(() => done([name, performance.now() - begun]));
      };
      look();
    });
    const tooLate = new Promise((_, fail) => setTimeout(() => fail(new Error(`nothing came of a ${event} within 30 s`)), 30_000));
    this.times = Promise.race([Promise.all(reads.map(arrival)).then(Object.fromEntries), tooLate]);
    this.times.catch(() => {}); // whoever waits for it hears of it
  },
};
