// A click on any button that asks why goes to the server; once the answer's panel is there, it is brought into sight.
const PATIENCE_MS = 20_000, POLL_MS = 100;

export default function ({ parentElement, data: { panel }, setTriggerValue }) {
  const root = parentElement.querySelector("span");
  root.listening?.abort(); // Streamlit calls this anew for new data; what an earlier call returned it may call after that
  const listening = (root.listening = new AbortController());

  const show = (until) => {
    const found = document.querySelector(panel);
    if (!found) return Date.now() < until && setTimeout(show, POLL_MS, until);
    found.tabIndex = -1;
    found.focus({ preventScroll: true });
    found.scrollIntoView();
  };
  const onClick = (event) => {
    const button = event.target.closest?.("button[data-why]");
    if (!button) return;
    setTriggerValue("asked", { ...button.dataset });
    show(Date.now() + PATIENCE_MS);
  };
  document.addEventListener("click", onClick, { signal: listening.signal });
  return () => listening.abort();
}
