// StatefulSets on the page: a card for each, with its pods by ordinal. Input: views of `model.js`.

import { badge, el, keyed, parts, since } from "./dom.js";
import { bytes, names } from "./words.js";

const ORDINALS_MAX = 200;

function button(label, key, listener, extra = {}) {
  return el("button", { type: "button", "data-key": key, on: { click: listener }, ...extra }, label);
}

/** A name that only narrow screens and screen readers show before a value. */
function cell(name, kind, ...values) {
  const isEmpty = values.flat(3).every((value) => !value || value === " ");
  return el("div", { class: `cell ${kind}${isEmpty ? " none" : ""}` }, el("span", { class: "cell-name" }, name), el("div", { class: "cell-value" }, ...values));
}

function fill({ name, measured, size }) {
  if (!measured) {
    return el("span", { class: "quiet" }, size === null ? "" : bytes(size));
  }
  const share = measured.used / measured.capacity;
  const text = `${bytes(measured.used)} of ${bytes(measured.capacity)}`;
  return el("span", { class: "fill" },
    el("meter", { min: 0, max: 1, low: 0.8, high: 0.9, optimum: 0, value: share, "aria-label": `${name} is filled by ${Math.round(share * 100)} %` }),
    el("span", { class: "quiet" }, `${text} · ${Math.round(share * 100)} %`));
}

export function claimItem(claim) {
  const phase = claim.phase === "Bound" ? null : badge(claim.phase === "Terminating" ? "going" : "busy", claim.phase);
  return el("div", { class: "claim" }, el("span", { class: "mono" }, claim.name), " ", phase, fill(claim));
}

function revisionItem(revision) {
  return [el("span", { class: "mono", title: revision.hash }, revision.short), " ", revision.word ? badge(revision.word, revision.word) : null];
}

/** What a pod is doing, and why it is not Ready. */
export function stateItem(view) {
  const restarted = view.restarts > 0 ? el("span", { class: "quiet" }, `${view.restarts} restart${view.restarts === 1 ? "" : "s"}`) : null;
  const why = view.state.why ? el("div", { class: "why" }, view.state.why) : null;
  return [badge(view.state.tone, view.state.word), " ", view.created ? el("span", { class: "quiet age" }, since(view.created)) : null, " ", restarted, why];
}

/** What the buttons of a pod depend on. */
export function buttonsOf({ uid, namespace, name, containers }) {
  return uid ? { part: "buttons", uid, namespace, name, containers } : { part: "buttons" };
}

export function podButtons(view, act) {
  const of = (what) => `${what} ${view.namespace}/${view.name}`;
  return el("div", { class: "buttons" },
    button("Logs", of("logs"), () => act.logs(view), { "aria-label": `Logs of ${view.name}` }),
    button("Delete…", of("delete"), () => act.remove(view), { "aria-label": `Delete ${view.name}`, class: "danger" }));
}

/** The row of an ordinal; one that is there is changed where its view has. */
function ordinalRow(view, old, act) {
  const row = old ?? el("li", { "data-pod": view.name });
  row.className = `ordinal ${view.state.tone}`;
  const { role, state, created, restarts } = view;
  return parts(row, [
    { part: "number", ordinal: view.ordinal },
    { part: "pod", name: view.name, role, state, created, restarts },
    { part: "revision", revision: view.revision },
    { part: "address", address: view.address, node: view.node },
    { part: "claims", claims: view.claims },
    buttonsOf(view),
  ], {
    number: ({ ordinal }) => el("div", { class: "cell number", "aria-hidden": "true" }, String(ordinal)),
    pod: (pod) => cell("Pod", "pod", el("strong", { class: "mono" }, pod.name), " ", pod.role === "leaving" ? badge("going", "leaves") : null,
      el("div", { class: "pod-state" }, stateItem(pod))),
    revision: ({ revision }) => cell("Revision", "revision", revision ? revisionItem(revision) : []),
    address: ({ address, node }) => cell("Address", "address", address ? el("span", { class: "mono" }, address) : [], node ? el("div", { class: "quiet" }, node) : []),
    claims: ({ claims }) => cell("Claims", "claims", claims.map(claimItem)),
    buttons: (pod) => (pod.uid ? podButtons(pod, act) : el("div", { class: "buttons" })),
  });
}

function titles(view) {
  return el("div", { class: "set-name" },
    el("h2", {}, view.name), el("span", { class: "quiet" }, view.namespace), badge(view.phase.tone, view.phase.word),
    el("span", { class: "ready-count" }, `${view.ready}/${view.replicas} ready`));
}

function setButtons(view, act) {
  const of = (what) => `${what} ${view.namespace}/${view.name}`;
  return el("div", { class: "buttons" },
    button("Events", of("events"), () => act.events(view), { "aria-label": `Events of ${view.name}` }),
    button("Scale…", of("scale"), () => act.scale(view, "StatefulSet"), { "aria-label": `Scale ${view.name}` }),
    button("Restart…", of("restart"), () => act.restart(view, "StatefulSet"), { "aria-label": `Restart ${view.name}` }));
}

function about(view) {
  const roll = view.rolls ? [el("span", { class: "mono" }, view.rolls.from), " → ", el("span", { class: "mono" }, view.rolls.to)] : null;
  const texts = [el("span", { class: "mono" }, view.images.join(", ")), view.strategy, view.policy, roll].filter(Boolean);
  return el("p", { class: "about quiet" }, texts.map((text, index) => [index > 0 ? " · " : "", text]));
}

function waiting({ tone, waits }) {
  return el("div", { class: `waits ${tone}` }, el("ul", {}, waits.map((text) => el("li", {}, text))));
}

function explanation({ explained, uid }, isOpen) {
  const reasons = explained.map(({ controller, reasons: said }) => el("li", {}, el("strong", {}, controller), el("ul", {}, said.map((text) => el("li", {}, text)))));
  return el("details", { class: "explained", open: isOpen }, el("summary", { "data-key": `why ${uid}` }, "What its controllers decided last"), el("ul", {}, reasons));
}

const COLUMNS = ["", "Pod", "Revision", "Address, node", "Claims", ""];

function emptyCard(view) {
  return el("article", { class: "card set", "aria-label": `StatefulSet ${view.name}`, "data-set": view.name },
    el("div", { class: "set-top" }),
    el("div", { class: "columns", "aria-hidden": "true" }, COLUMNS.map((name) => el("span", {}, name))),
    el("ul", { class: "ordinals" }),
    el("p", { class: "quiet kept more", hidden: true }),
    el("p", { class: "quiet kept claims-kept", hidden: true }));
}

function say(element, text) {
  element.textContent = text;
  element.hidden = !text;
}

/** The card of a set; one that is there is changed where its view has. */
export function setCard(view, old, act) {
  const card = old ?? emptyCard(view);
  const isOpen = card.querySelector("details")?.open ?? false;
  const { uid, namespace, name, phase, ready, replicas } = view;
  parts(card.querySelector(".set-top"), [
    { part: "names", namespace, name, phase, ready, replicas },
    { part: "buttons", namespace, name },
    { part: "about", images: view.images, strategy: view.strategy, policy: view.policy, rolls: view.rolls },
    view.waits.length > 0 && { part: "waits", tone: phase.tone, waits: view.waits },
    view.explained.length > 0 && { part: "explained", explained: view.explained, uid },
  ], {
    names: titles,
    buttons: (of) => setButtons(of, act),
    about,
    waits: waiting,
    explained: (of) => explanation(of, isOpen),
  });
  const shown = view.ordinals.slice(0, ORDINALS_MAX);
  keyed(card.querySelector(".ordinals"), shown, (ordinal) => ordinal.name, (ordinal, row) => ordinalRow(ordinal, row, act));
  card.querySelector(".columns").hidden = shown.length === 0;
  const more = view.ordinals.length - shown.length;
  say(card.querySelector(".more"), more > 0 ? `and ${more} more` : "");
  say(card.querySelector(".claims-kept"), view.kept.length > 0 ? `Kept for later, with their data: ${names(view.kept)}` : "");
  return card;
}
