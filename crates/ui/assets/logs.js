// The log of a container, as it is written.

import { el } from "./dom.js";
import { ask } from "./session.js";

const LINES_SHOWN_FIRST = 200;
const LINES_MAX = 5000;
/** Colours and cursor movements of terminals. */
const ESCAPES = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;

/** Lines at the end of a box; the oldest go when there are many. */
class Output {
  constructor(box) {
    this.box = box;
    this.count = 0;
  }

  add(text) {
    const atEnd = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 40;
    for (const line of text.split(/(?<=\n)/)) {
      this.box.append(document.createTextNode(line.replace(ESCAPES, "")));
      this.count += 1;
    }
    for (; this.count > LINES_MAX; this.count -= 1) {
      this.box.firstChild.remove();
    }
    if (atEnd) {
      this.box.scrollTop = this.box.scrollHeight;
    }
  }

  clear() {
    this.box.replaceChildren();
    this.count = 0;
  }
}

function query({ container, previous, follow }) {
  const wanted = { container, tailLines: LINES_SHOWN_FIRST };
  return new URLSearchParams(previous ? { ...wanted, previous } : { ...wanted, follow });
}

async function read(pod, wanted, output, say, signal) {
  say("");
  try {
    const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/log?${query(wanted)}`;
    const response = await ask(path, { accept: "*/*", signal });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        break;
      }
      output.add(value);
    }
    say(output.count === 0 ? "It has written nothing." : wanted.follow && !wanted.previous ? "The container has ended, or its log was cut off." : "");
  } catch (error) {
    if (!signal.aborted) {
      say(`No log: ${error.message}`);
    }
  }
}

/** Opens the log of a pod's first container. `pod`: a view. */
export function openLogs(pod) {
  const box = el("pre", { class: "log", tabindex: 0, "aria-label": `Log of ${pod.name}` });
  const note = el("p", { class: "quiet note", role: "status" });
  const container = el("select", { "aria-label": "Container" }, pod.containers.map((name) => el("option", { value: name }, name)));
  const previous = el("input", { type: "checkbox" });
  const follow = el("input", { type: "checkbox", checked: true });
  const close = el("button", { type: "button", on: { click: () => dialog.close() } }, "Close");
  const dialog = el("dialog", { class: "logs", "aria-label": `Log of ${pod.name}` },
    el("div", { class: "logs-head" }, el("h2", { class: "mono" }, pod.name), close),
    el("div", { class: "logs-options" },
      el("label", { class: "field" }, el("span", {}, "Container"), container),
      el("label", { class: "check" }, follow, " Follow"),
      el("label", { class: "check" }, previous, " Run before")),
    box, note);
  const output = new Output(box);
  let reading = new AbortController();
  const begin = () => {
    reading.abort();
    reading = new AbortController();
    output.clear();
    follow.disabled = previous.checked;
    read(pod, { container: container.value, previous: previous.checked, follow: follow.checked }, output, (text) => { note.textContent = text; }, reading.signal);
  };
  [container, previous, follow].forEach((control) => control.addEventListener("change", begin));
  dialog.addEventListener("close", () => {
    reading.abort();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  begin();
}
