// What stands beside the sets: Deployments, other pods, events. Input: views of `model.js`, events as the API has them.

import { badge, el, parts, since } from "./dom.js";
import { eventTime } from "./model.js";
import { buttonsOf, podButtons, stateItem } from "./sets.js";

function deploymentButtons({ namespace, name }, act) {
  const button = (label, what, listener) =>
    el("button", { type: "button", "data-key": `${what} deployment ${namespace}/${name}`, "aria-label": `${what} ${name}`, on: { click: listener } }, label);
  return el("div", { class: "buttons" },
    button("Scale…", "Scale", () => act.scale({ namespace, name }, "Deployment")),
    button("Restart…", "Restart", () => act.restart({ namespace, name }, "Deployment")));
}

/** The card of a Deployment; one that is there is changed where its view has. */
export function deploymentCard(view, old, act) {
  const { namespace, name, phase, ready, replicas, why } = view;
  const card = old ?? el("article", { class: "card set set-top", "aria-label": `Deployment ${name}`, "data-deployment": name });
  return parts(card, [
    { part: "names", namespace, name, phase, ready, replicas },
    { part: "buttons", namespace, name },
    why && { part: "why", tone: phase.tone, why },
  ], {
    names: () => el("div", { class: "set-name" }, el("h3", {}, name), el("span", { class: "quiet" }, namespace), badge(phase.tone, phase.word),
      el("span", { class: "ready-count" }, `${ready}/${replicas} ready`)),
    buttons: (of) => deploymentButtons(of, act),
    why: (of) => el("div", { class: `waits ${of.tone}` }, of.why),
  });
}

/** The row of a pod; one that is there is changed where its view has. */
export function podRow(view, old, act) {
  const row = old ?? el("li", { class: "row", "data-pod": view.name });
  const { containers, ...rest } = view;
  return parts(row, [{ part: "main", ...rest }, buttonsOf(view)], {
    main: (pod) => el("div", { class: "row-main" },
      el("div", {}, el("strong", { class: "mono" }, pod.name), " ", el("span", { class: "quiet" }, pod.namespace)),
      el("div", { class: "pod-state" }, stateItem(pod)),
      el("div", { class: "quiet" }, [pod.address, pod.node].filter(Boolean).join(" · "))),
    buttons: (pod) => podButtons(pod, act),
  });
}

/** What an event shows, and nothing else of it. */
export function eventView(event) {
  const about = event.involvedObject ?? {};
  return {
    key: `${event.metadata.namespace}/${event.metadata.name}`,
    type: event.type ?? "Normal",
    at: eventTime(event),
    kind: about.kind ?? "",
    name: about.name ?? "",
    namespace: event.metadata.namespace,
    reason: event.reason ?? "",
    message: event.message ?? "",
    count: event.series?.count ?? event.count ?? 1,
  };
}

export function eventItem(view) {
  const times = view.count > 1 ? el("span", { class: "quiet" }, ` ×${view.count}`) : null;
  return el("li", { class: `event ${view.type === "Warning" ? "warning" : ""}` },
    el("div", { class: "event-head" },
      badge(view.type === "Warning" ? "bad" : "plain", view.reason), times,
      el("span", { class: "quiet age" }, since(view.at))),
    el("div", {}, el("span", { class: "quiet" }, `${view.kind.toLowerCase()}/`), el("span", { class: "mono" }, view.name)),
    el("div", { class: "event-message" }, view.message));
}
