// The three changes that the page makes: scale, restart, delete a pod. Each says first what will happen, and happens when that is confirmed.

import { deleteWords, restartWords, scaleWords } from "./consequences.js";
import { el, toast } from "./dom.js";
import { replicasOf } from "./model.js";
import { ask, now } from "./session.js";

const MANAGER = "fieldManager=stead-ui";
const MERGE_PATCH = "application/merge-patch+json";
const PLURALS = { StatefulSet: "statefulsets", Deployment: "deployments" };
const REPLICAS_MAX = 10_000;

function pathOf(kind, { namespace, name }) {
  return `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/${PLURALS[kind]}/${encodeURIComponent(name)}`;
}

function effects(words) {
  return words.map(({ danger, text }) => el("li", { class: danger ? "danger-text" : undefined }, text));
}

/** Asks whether to go on; `change` does it, and throws what the server refuses. */
function confirm({ title, verb, danger = false, content, change, done }) {
  const failed = el("p", { class: "failed", role: "alert", hidden: true });
  const cancel = el("button", { type: "button", autofocus: true, on: { click: () => dialog.close() } }, "Cancel");
  const go = el("button", { type: "submit", class: danger ? "filled danger" : "filled" }, verb);
  const submit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    failed.hidden = true;
    try {
      await change();
      dialog.close();
      toast(done());
    } catch (error) {
      failed.textContent = error.message;
      failed.hidden = false;
      go.disabled = false;
    }
  };
  const dialog = el("dialog", { class: "confirm", "aria-label": title },
    el("form", { method: "dialog", on: { submit } }, el("h2", {}, title), content, failed, el("div", { class: "buttons" }, cancel, go)));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return go;
}

/** `find` gives the object as it is when somebody confirms. */
export function scale(kind, view, find) {
  const object = find();
  if (!object) {
    return;
  }
  const from = replicasOf(object);
  const list = el("ul", { class: "effects", "aria-live": "polite" });
  const input = el("input", { type: "number", inputmode: "numeric", min: 0, max: REPLICAS_MAX, step: 1, value: from, required: true, id: "replicas", autocomplete: "off" });
  const step = (by, label) => el("button", { type: "button", class: "step", "aria-label": label, on: { click: () => {
    input.value = Math.min(REPLICAS_MAX, Math.max(0, (Number(input.value) || 0) + by));
    show();
  } } }, by > 0 ? "+" : "−");
  const content = [
    el("label", { for: "replicas" }, `Replicas (now ${from})`),
    el("div", { class: "stepper" }, step(-1, "One less"), input, step(1, "One more")),
    list,
  ];
  const change = async () => {
    const current = find();
    if (current?.metadata.uid !== object.metadata.uid || replicasOf(current) !== from) {
      throw new Error(`Somebody else has changed ${view.name} meanwhile: close this and look again.`);
    }
    const body = { metadata: { uid: object.metadata.uid }, spec: { replicas: Number(input.value) } };
    await ask(`${pathOf(kind, view)}/scale?${MANAGER}`, { method: "PATCH", type: MERGE_PATCH, body });
  };
  const go = confirm({ title: `Scale ${view.name}`, verb: "Scale", content, change, done: () => `${view.name} is scaled to ${input.value}` });
  const show = () => {
    const words = input.checkValidity() ? scaleWords(object, Number(input.value)) : [{ danger: false, text: `A whole number from 0 to ${REPLICAS_MAX}.` }];
    list.replaceChildren(...effects(words));
    go.disabled = !input.checkValidity() || Number(input.value) === from;
    go.classList.toggle("danger", words.some(({ danger }) => danger));
  };
  input.addEventListener("input", show);
  show();
}

export function restart(kind, view, find) {
  const object = find();
  if (!object) {
    return;
  }
  const change = () => {
    const annotations = { "kubectl.kubernetes.io/restartedAt": new Date(now()).toISOString() };
    const body = { metadata: { uid: object.metadata.uid }, spec: { template: { metadata: { annotations } } } };
    return ask(`${pathOf(kind, view)}?${MANAGER}`, { method: "PATCH", type: MERGE_PATCH, body });
  };
  confirm({ title: `Restart ${view.name}`, verb: "Restart", content: el("ul", { class: "effects" }, effects(restartWords(object))), change, done: () => `${view.name} restarts` });
}

export function remove(view, find) {
  const pod = find();
  if (!pod) {
    return;
  }
  const change = () => {
    const path = `/api/v1/namespaces/${encodeURIComponent(view.namespace)}/pods/${encodeURIComponent(view.name)}`;
    return ask(path, { method: "DELETE", body: { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: pod.metadata.uid } } });
  };
  const content = el("ul", { class: "effects" }, effects(deleteWords(pod)));
  confirm({ title: `Delete pod ${view.name}`, verb: "Delete", danger: true, content, change, done: () => `${view.name} is deleted` });
}
