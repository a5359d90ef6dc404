// The page: who looks at it, what is followed, and when what is shown is brought up to date.

import * as actions from "./actions.js";
import { badge, el, keyed, toast } from "./dom.js";
import { measure } from "./fill.js";
import { follow } from "./follow.js";
import { openLogs } from "./logs.js";
import { Collection, compare, deploymentView, newestEvents, podView, setView } from "./model.js";
import { isOwnedBy, isReady } from "./pod.js";
import { ask, now, signIn, signOut } from "./session.js";
import { deploymentCard, eventItem, eventView, podRow } from "./views.js";
import { setCard } from "./sets.js";
import { age, names } from "./words.js";

const PODS_MAX = 300;
const FILL_EVERY_MS = 15_000;
const EXPLAIN_AFTER_MS = 400;
const LOST_SAID_AFTER_MS = 1500;

const KINDS = {
  sets: { path: "/apis/apps/v1", plural: "statefulsets", kind: "StatefulSet" },
  deployments: { path: "/apis/apps/v1", plural: "deployments", kind: "Deployment" },
  pods: { path: "/api/v1", plural: "pods", kind: "Pod" },
  claims: { path: "/api/v1", plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim" },
  events: { path: "/api/v1", plural: "events", kind: "Event" },
};

const byId = (id) => document.getElementById(id);
const known = Object.fromEntries(Object.entries(KINDS).map(([name, { kind }]) => [name, new Collection(kind)]));
/** What keeps each of them from being as the server has it; `undefined`: not heard of yet. */
const states = new Map();
const readiness = new Map();
let following = new AbortController();
/** Since when anything is lost, if it is. */
let lostSince_ms = null;
/** The one namespace that is followed; empty: all of them. */
let scope = "";
let namespaces = [];
let fill = new Map();
let explained = new Map();
let mayExplain = true;
let eventsOf = null;

// Bringing up to date: once for each picture, however many changes come.
let isDue = false;
function changed() {
  if (!isDue) {
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      update();
    });
  }
}

function chosen() {
  return byId("namespace").value;
}

function inView(object) {
  return chosen() === "" || object.metadata.namespace === chosen();
}

/** What was last warned of about a pod. */
function warnings() {
  const last = new Map();
  for (const event of newestEvents(known.events.all(), (one) => one.type === "Warning" && one.involvedObject?.kind === "Pod")) {
    const { uid } = event.involvedObject;
    last.set(uid, last.get(uid) ?? event.message);
  }
  return (pod) => last.get(pod.metadata.uid) ?? "";
}

function update() {
  const pods = known.pods.all().filter(inView);
  const sets = known.sets.all().filter(inView);
  showSets(sets, pods);
  showOthers(sets, pods);
  showEvents();
  showNamespaces();
  announce(pods);
  tick();
}

function showSets(sets, pods) {
  const reasonOf = warnings();
  const views = sets.map((set) => setView(set, pods, { claims: known.claims, fill, now: now(), reasonOf }))
    .map((view) => ({ ...view, explained: view.waits.length > 0 ? explained.get(view.uid) ?? [] : [] }));
  keyed(byId("sets"), views, (view) => view.uid, (view, old) => setCard(view, old, act));
  byId("sets-count").textContent = views.length > 0 ? String(views.length) : "";
  byId("no-sets").hidden = views.length > 0 || states.get("sets") !== null;
  byId("no-sets").textContent = chosen() ? `There is no StatefulSet in ${chosen()}.` : "There is no StatefulSet yet.";
  views.filter((view) => view.waits.length > 0).forEach(explainSoon);
}

function showOthers(sets, pods) {
  const deployments = known.deployments.all().filter(inView).map(deploymentView);
  keyed(byId("deployments"), deployments, (view) => view.uid, (view, old) => deploymentCard(view, old, act));
  const others = pods.filter((pod) => !sets.some((set) => isOwnedBy(pod, set)));
  const shown = others.slice(0, PODS_MAX).map(podView);
  keyed(byId("pods"), shown, (view) => view.uid, (view, old) => podRow(view, old, act));
  byId("pods").hidden = shown.length === 0;
  byId("others").hidden = deployments.length + shown.length === 0;
  byId("others-count").textContent = others.length > shown.length ? `${shown.length} of ${others.length} pods` : String(deployments.length + others.length);
}

function isEventOf({ namespace, name, kind }, event) {
  const about = event.involvedObject ?? {};
  const isItsPod = kind === "StatefulSet" && (about.kind === "Pod" && new RegExp(`^${name.replace(/[.]/g, "\\.")}-[0-9]+$`).test(about.name));
  const isItsClaim = kind === "StatefulSet" && about.kind === "PersistentVolumeClaim" && about.name?.includes(`-${name}-`);
  return event.metadata.namespace === namespace && (about.name === name && about.kind === kind || isItsPod || isItsClaim);
}

function showEvents() {
  const views = newestEvents(known.events.all(), (event) => inView(event) && (!eventsOf || isEventOf(eventsOf, event))).map(eventView);
  keyed(byId("events"), views, (view) => view.key, eventItem);
  byId("events").hidden = views.length === 0;
  byId("no-events").hidden = views.length > 0 || states.get("events") !== null;
  const clear = () => {
    eventsOf = null;
    changed();
  };
  const filter = eventsOf ? [{ name: eventsOf.name }] : [];
  keyed(byId("events-filter"), filter, ({ name }) => name, ({ name }) =>
    el("p", {}, badge("plain", `of ${name}`), " ", el("button", { type: "button", class: "plain", "data-key": "events-all", on: { click: clear } }, "Show all")));
}

function showNamespaces() {
  const all = scope ? [scope] : [...new Set([...namespaces, ...known.pods.all().map((pod) => pod.metadata.namespace)])].sort(compare);
  const select = byId("namespace");
  const wanted = [...(scope ? [] : [""]), ...all];
  if (JSON.stringify([...select.options].map((option) => option.value)) !== JSON.stringify(wanted)) {
    const before = select.value || new URLSearchParams(location.hash.slice(1)).get("namespace") || "";
    select.replaceChildren(...wanted.map((name) => el("option", { value: name }, name || "All")));
    select.value = wanted.includes(before) ? before : wanted[0];
  }
}

/** Says to those who do not see it which pods became Ready or are so no more. */
function announce(pods) {
  const said = [];
  for (const pod of pods) {
    const { uid, name } = pod.metadata;
    const before = readiness.get(uid);
    readiness.set(uid, isReady(pod));
    if (before !== undefined && before !== isReady(pod)) {
      said.push(`${name} is ${isReady(pod) ? "" : "not "}Ready`);
    }
  }
  if (said.length > 0) {
    byId("said").textContent = names(said);
  }
}

/** Keeps what is said of times true. */
function tick() {
  for (const time of document.querySelectorAll("time.since")) {
    const text = age(now() - Date.parse(time.dateTime));
    if (time.textContent !== text) {
      time.textContent = text;
    }
  }
}

// Why a set is as it is: its controller's own words, for those who may ask.
const asking = new Set();
function explainSoon({ uid, namespace, name }) {
  if (!mayExplain || asking.has(uid)) {
    return;
  }
  asking.add(uid);
  setTimeout(async () => {
    const query = new URLSearchParams({ resource: "statefulsets.apps", namespace, name });
    try {
      const { controllers } = await (await ask(`/debug/controllers/explain?${query}`, { signal: following.signal })).json();
      const words = controllers.map(({ controller, reasons, error }) => ({ controller, reasons: [...reasons, ...(error ? [error] : [])] })).filter(({ reasons }) => reasons.length > 0);
      if (JSON.stringify(words) !== JSON.stringify(explained.get(uid) ?? [])) {
        explained.set(uid, words);
        changed();
      }
    } catch (error) {
      mayExplain = error.code !== 403;
    }
    asking.delete(uid);
  }, EXPLAIN_AFTER_MS);
}

const act = {
  logs: openLogs,
  events: ({ namespace, name }) => {
    eventsOf = { namespace, name, kind: "StatefulSet" };
    changed();
    byId("events-title").scrollIntoView({ block: "nearest" });
  },
  scale: (view, kind) => actions.scale(kind, view, () => find(kind, view)),
  restart: (view, kind) => actions.restart(kind, view, () => find(kind, view)),
  remove: (view) => actions.remove(view, () => known.pods.get(view.namespace, view.name)),
};

function find(kind, { namespace, name }) {
  return known[kind === "StatefulSet" ? "sets" : "deployments"].get(namespace, name);
}

// Connection: one line at the top says how far the page is to be believed.
function showState() {
  const errors = [...states.values()].filter(Boolean);
  const lost = wellLost(errors.find((error) => error.code !== 403));
  const refused = errors.find((error) => error.code === 403);
  const isLoading = Object.keys(KINDS).some((name) => !states.has(name));
  const isRefused = errors.length === Object.keys(KINDS).length;
  const [tone, word] = lost ? ["bad", "Disconnected"] : isLoading ? ["busy", "Connecting"] : isRefused ? ["busy", "Not allowed"] : ["ok", "Live"];
  byId("state").replaceChildren(badge(tone, word));
  document.body.classList.toggle("stale", Boolean(lost));
  const text = lost ? `Disconnected: what is shown is how it was. Trying again. (${lost.message})` : refused?.message ?? "";
  const banner = byId("banner");
  banner.hidden = !text;
  // What somebody types there is not to be disturbed.
  keyed(banner, text ? [{ text, canNarrow: !lost && (!scope || isRefused) }] : [], ({ text: key }) => key, ({ canNarrow }) =>
    el("div", {}, el("span", {}, text), canNarrow ? narrower() : null));
}

/** A connection that is there again at once was not worth a word. */
function wellLost(error) {
  if (!error) {
    lostSince_ms = null;
    return null;
  }
  if (lostSince_ms === null) {
    lostSince_ms = Date.now();
    setTimeout(showState, LOST_SAID_AFTER_MS);
  }
  return Date.now() - lostSince_ms >= LOST_SAID_AFTER_MS ? error : null;
}

/** For those who may look at one namespace only. */
function narrower() {
  const input = el("input", { type: "text", "aria-label": "Namespace", placeholder: "namespace", autocapitalize: "off", autocomplete: "off", required: true });
  const submit = (event) => {
    event.preventDefault();
    scope = input.value.trim();
    start();
  };
  return el("form", { class: "inline", on: { submit } }, input, el("button", { type: "submit" }, "Look at this one only"));
}

const sleepers = new Set();
function pause(milliseconds) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      sleepers.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    sleepers.add(wake);
  });
}

function wakeAll() {
  [...sleepers].forEach((wake) => wake());
}

function start() {
  following.abort();
  following = new AbortController();
  const { signal } = following;
  states.clear();
  for (const [name, { path, plural }] of Object.entries(KINDS)) {
    const place = scope ? `/namespaces/${encodeURIComponent(scope)}` : "";
    follow({
      path: `${path}${place}/${plural}`, ask, pause, signal,
      replace: (items) => {
        known[name].replace(items);
        changed();
      },
      apply: (type, object) => {
        known[name].apply(type, object);
        changed();
      },
      state: (error) => {
        if (error?.code === 401) {
          showSignIn(error.message);
        } else if (!signal.aborted) {
          states.set(name, error);
          showState();
          changed();
        }
      },
    });
  }
  showState();
  findNamespaces(signal);
  followFill(signal);
}

async function findNamespaces(signal) {
  try {
    const { items } = await (await ask("/api/v1/namespaces", { signal })).json();
    namespaces = items.map((namespace) => namespace.metadata.name);
    changed();
  } catch {
    // Those of the pods have to do.
  }
}

async function followFill(signal) {
  while (!signal.aborted) {
    if (!document.hidden && states.get("pods") === null) {
      fill = await measure(ask, known.pods.all().filter(inView));
      changed();
    }
    await pause(states.get("pods") === null ? FILL_EVERY_MS : 300);
  }
}

function showSignIn(why) {
  following.abort();
  byId("cluster").hidden = true;
  byId("controls").hidden = true;
  byId("banner").hidden = true;
  byId("sign-in-why").textContent = why ?? "";
  byId("sign-in").hidden = false;
}

function showCluster(who) {
  byId("sign-in").hidden = true;
  byId("cluster").hidden = false;
  byId("controls").hidden = false;
  byId("user").textContent = who.user;
  byId("sign-out").hidden = !who.endsAt;
  start();
}

async function begin() {
  byId("host").textContent = location.host;
  document.title = `Stead ${location.host}`;
  try {
    showCluster(await signIn());
  } catch (error) {
    showSignIn(error.code === 401 && error.message === "Unauthorized" ? "" : error.message);
  }
}

byId("namespace").addEventListener("change", () => {
  history.replaceState(null, "", chosen() ? `#namespace=${encodeURIComponent(chosen())}` : location.pathname);
  changed();
  wakeAll();
});
byId("sign-out").addEventListener("click", async () => {
  await signOut().then(() => showSignIn("You are signed out."), (error) => toast(error.message));
});
addEventListener("online", wakeAll);
// A link that is pasted into an open page.
addEventListener("hashchange", () => location.hash.startsWith("#once=") && begin());
document.addEventListener("visibilitychange", () => document.hidden || wakeAll());
setInterval(() => document.hidden || tick(), 1000);
begin();
