// The address of this view. It is the browser's own: a layer that was opened here stands in it at once.
const shared = (globalThis.alexnet ??= Object.assign(new EventTarget(), {}));

export default function ({ parentElement, data: { words } }) {
  const field = parentElement.querySelector(".address"), button = parentElement.querySelector(".copy");
  field.listening?.abort(); // Streamlit calls this anew for new data; what an earlier call returned it may never call
  const listening = (field.listening = new AbortController());
  const show = () => {
    field.value = location.href;
    button.textContent = words.copy;
  };
  field.setAttribute("aria-label", words.label);
  field.onfocus = () => (show(), field.select());
  button.onclick = async () => {
    show();
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // no clipboard without https, but for this machine's own pages
    }
    button.textContent = words.copied;
  };
  show();
  shared.addEventListener("view", show, { signal: listening.signal });
  return () => listening.abort();
}
