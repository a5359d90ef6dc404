// What the page knows of a set: its pods by ordinal and what it waits for. Pure. Input: objects as the API has them. Output: plain views.

import { condition, containers, hasEnded, isOwnedBy, isReady, ordinalOf, podState, restarts } from "./pod.js";
import { names, quantity } from "./words.js";

const EVENTS_MAX = 400;

/** The objects of one kind, by namespace and name. */
export class Collection {
  #kind;
  #objects = new Map();

  constructor(kind) {
    this.#kind = kind;
  }

  static key(object) {
    return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
  }

  replace(items) {
    // In lists objects do not say what they are.
    this.#objects = new Map(items.map((object) => [Collection.key(object), { ...object, kind: this.#kind }]));
  }

  /** Takes in a change of a watch. */
  apply(type, object) {
    if (type === "DELETED") {
      this.#objects.delete(Collection.key(object));
    } else {
      this.#objects.set(Collection.key(object), object);
    }
  }

  get(namespace, name) {
    return this.#objects.get(`${namespace}/${name}`);
  }

  /** In the order of namespaces and names. */
  all() {
    return [...this.#objects.values()].sort((a, b) => compare(Collection.key(a), Collection.key(b)));
  }

  get size() {
    return this.#objects.size;
  }
}

/** Names with numbers in the order of the numbers. */
const COLLATOR = new Intl.Collator("en", { numeric: true });

export function compare(a, b) {
  return COLLATOR.compare(a, b);
}

export function eventTime(event) {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? event.metadata.creationTimestamp;
}

/** The newest events first, no more than a page has room for. */
export function newestEvents(events, matches = () => true) {
  const dated = events.filter(matches).map((event) => ({ event, at: Date.parse(eventTime(event)) || 0 }));
  dated.sort((a, b) => b.at - a.at || Number(b.event.metadata.resourceVersion) - Number(a.event.metadata.resourceVersion));
  return dated.slice(0, EVENTS_MAX).map(({ event }) => event);
}

export function startOf(set) {
  return set.spec.ordinals?.start ?? 0;
}

export function replicasOf(object) {
  return object.spec.replicas ?? 1;
}

export function isParallel(set) {
  return set.spec.podManagementPolicy === "Parallel";
}

export function podName(set, ordinal) {
  return `${set.metadata.name}-${ordinal}`;
}

/** The claims that the set makes for an ordinal. */
export function claimNames(set, ordinal) {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => `${template.metadata.name}-${podName(set, ordinal)}`);
}

/** The pods of the set by ordinal. */
export function podsOf(set, pods) {
  const found = new Map();
  for (const pod of pods) {
    const ordinal = pod.metadata.namespace === set.metadata.namespace && isOwnedBy(pod, set) ? ordinalOf(set, pod) : null;
    if (ordinal !== null) {
      found.set(ordinal, pod);
    }
  }
  return found;
}

export function revisionOf(pod) {
  return pod.metadata.labels?.["controller-revision-hash"] ?? "";
}

/** Whether pods are to have another revision than some have. */
export function rolls(set) {
  const { currentRevision, updateRevision } = set.status ?? {};
  return Boolean(updateRevision && currentRevision && updateRevision !== currentRevision);
}

export function partitionOf(set) {
  return set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
}

export function isOnDelete(set) {
  return set.spec.updateStrategy?.type === "OnDelete";
}

function why(pod, reasonOf) {
  const state = podState(pod);
  const said = reasonOf(pod);
  const text = said && !state.why.includes(said) ? `${state.why} — ${said}` : state.why;
  return text ? `${state.word}: ${text}` : state.word;
}

/** Why no pod after this one is made or replaced: it has to be Ready for as long as the set says. */
function isAvailable(set, pod, now) {
  const wanted = set.spec.minReadySeconds ?? 0;
  return isReady(pod) && (wanted === 0 || Date.parse(condition(pod, "Ready").lastTransitionTime) + wanted * 1000 <= now);
}

/** What is still to come in the range of ordinals that the set wants. */
function missing(set, pods, ordinals, { now, reasonOf }) {
  const found = [];
  for (const ordinal of ordinals) {
    const name = podName(set, ordinal);
    const pod = pods.get(ordinal);
    const rest = ordinals.filter((other) => other > ordinal && !pods.has(other)).map((other) => podName(set, other));
    const then = rest.length > 0 && !isParallel(set) ? `; ${names(rest)} ${rest.length === 1 ? "comes" : "come"} after it` : "";
    if (!pod) {
      found.push(`${name} is to be made${then}`);
    } else if (pod.metadata.deletionTimestamp) {
      found.push(`waits for ${name} to end, then makes it anew${then}`);
    } else if (hasEnded(pod)) {
      found.push(`${name} has ended and is made anew${then}`);
    } else if (!isReady(pod)) {
      found.push(`waits for ${name} to be Ready${then} (${why(pod, reasonOf)})`);
    } else if (!isAvailable(set, pod, now)) {
      found.push(`waits for ${name} to be Ready for ${set.spec.minReadySeconds} s${then}`);
    } else {
      continue;
    }
    if (!isParallel(set)) {
      break;
    }
  }
  return found;
}

/** What goes because the set wants fewer. */
function leaving(set, pods, ordinals) {
  const going = [...pods.keys()].filter((ordinal) => !ordinals.includes(ordinal)).sort((a, b) => b - a);
  const ending = going.filter((ordinal) => pods.get(ordinal).metadata.deletionTimestamp).map((ordinal) => podName(set, ordinal));
  const next = going.filter((ordinal) => !pods.get(ordinal).metadata.deletionTimestamp).map((ordinal) => podName(set, ordinal));
  const found = [];
  if (ending.length > 0) {
    found.push(`waits for ${names(ending)} to end${next.length > 0 ? `; then ${names(next)} ${next.length === 1 ? "goes" : "go"}` : ""}`);
  } else if (next.length > 0) {
    found.push(`${names(next)} ${next.length === 1 ? "is" : "are"} to go`);
  }
  return found;
}

/** What a roll does next. */
function rolling(set, pods, ordinals) {
  const outdated = ordinals.filter((ordinal) => pods.has(ordinal) && revisionOf(pods.get(ordinal)) !== set.status.updateRevision);
  const name = (ordinal) => podName(set, ordinal);
  if (isOnDelete(set)) {
    const [takes, it] = outdated.length === 1 ? ["takes", "it"] : ["take", "them"];
    return outdated.length > 0 ? [`${names(outdated.map(name))} ${takes} the new revision when you delete ${it} (OnDelete)`] : [];
  }
  const partition = partitionOf(set);
  const due = outdated.filter((ordinal) => ordinal >= partition).reverse();
  const held = outdated.filter((ordinal) => ordinal < partition);
  const found = [];
  if (due.length > 0) {
    found.push(`rolls: ${names(due.map(name), "then")} ${due.length === 1 ? "is" : "are"} still to be replaced`);
  }
  if (held.length > 0) {
    found.push(`${names(held.map(name))} ${held.length === 1 ? "keeps" : "keep"} the former revision: the partition is ${partition}`);
  }
  return found;
}

export function wantedOrdinals(set) {
  return Array.from({ length: replicasOf(set) }, (_, index) => startOf(set) + index);
}

/** What a set waits for and why, in sentences; nothing: it is as it is to be. `reasonOf` is what was last warned of about a pod. */
export function waits(set, pods, { now = Date.now(), reasonOf = () => "" } = {}) {
  if (set.metadata.deletionTimestamp) {
    return ["is being deleted"];
  }
  if ((set.status?.observedGeneration ?? 0) < (set.metadata.generation ?? 0)) {
    return ["its controller has not seen the last change yet"];
  }
  const ordinals = wantedOrdinals(set);
  const found = [...missing(set, pods, ordinals, { now, reasonOf }), ...leaving(set, pods, ordinals)];
  return rolls(set) || isOnDelete(set) ? [...found, ...rolling(set, pods, ordinals)] : found;
}

/** In one word how a set is. */
function phaseOf(set, pods, texts) {
  const bad = [...pods.values()].some((pod) => podState(pod).tone === "bad");
  if (set.metadata.deletionTimestamp) {
    return { word: "Deleting", tone: "going" };
  }
  if (bad) {
    return { word: "Trouble", tone: "bad" };
  }
  if (texts.length === 0) {
    return { word: replicasOf(set) === 0 ? "Scaled to 0" : "Settled", tone: "ok" };
  }
  const onlyHeld = texts.every((text) => text.includes("the partition is") || text.includes("(OnDelete)"));
  if (onlyHeld) {
    return { word: "Roll held", tone: "busy" };
  }
  return rolls(set) ? { word: "Rolling", tone: "busy" } : { word: [...pods.keys()].length > replicasOf(set) ? "Scaling down" : "Coming up", tone: "busy" };
}

/** A claim, how large it is and how full. */
export function claimView(claim, namespace, name, fill) {
  const size = quantity(claim?.status?.capacity?.storage ?? claim?.spec?.resources?.requests?.storage);
  const measured = fill.get(`${namespace}/${name}`) ?? null;
  return { name, phase: claim ? claim.metadata.deletionTimestamp ? "Terminating" : claim.status?.phase ?? "Pending" : "absent", size, measured };
}

export function claimsOfPod(pod) {
  return (pod.spec.volumes ?? []).map((volume) => volume.persistentVolumeClaim?.claimName).filter(Boolean);
}

function revisionView(set, pod) {
  const hash = revisionOf(pod);
  const short = hash.startsWith(`${set.metadata.name}-`) ? hash.slice(set.metadata.name.length + 1) : hash;
  const isNew = hash === set.status?.updateRevision;
  return { hash, short, word: !rolls(set) ? "" : isNew ? "new" : "former" };
}

function ordinalView(set, ordinal, pod, wanted, { claims, fill }) {
  const { namespace } = set.metadata;
  const view = { ordinal, name: podName(set, ordinal), namespace, role: wanted ? "wanted" : "leaving" };
  const claimed = pod ? claimsOfPod(pod) : claimNames(set, ordinal).filter((name) => claims.get(namespace, name));
  view.claims = claimed.map((name) => claimView(claims.get(namespace, name), namespace, name, fill));
  if (!pod) {
    return { ...view, state: { word: "Not made yet", tone: "none", why: "" } };
  }
  return {
    ...view,
    ...podView(pod),
    revision: revisionView(set, pod),
  };
}

/** What is shown of any pod. */
export function podView(pod) {
  return {
    name: pod.metadata.name,
    namespace: pod.metadata.namespace,
    uid: pod.metadata.uid,
    state: podState(pod),
    restarts: restarts(pod),
    node: pod.spec.nodeName ?? "",
    address: pod.status?.podIP ?? "",
    created: pod.metadata.creationTimestamp,
    containers: containers(pod),
  };
}

/** Claims of ordinals that the set has no more, which it would use again. */
function keptClaims(set, pods, claims) {
  const templates = (set.spec.volumeClaimTemplates ?? []).map((template) => template.metadata.name);
  const wanted = wantedOrdinals(set);
  const kept = claims.all().filter((claim) => claim.metadata.namespace === set.metadata.namespace).map((claim) => claim.metadata.name)
    .filter((name) => templates.some((template) => {
      const found = name.startsWith(`${template}-${set.metadata.name}-`) && /^(0|[1-9][0-9]*)$/.exec(name.slice(template.length + set.metadata.name.length + 2));
      return found && !wanted.includes(Number(found[0])) && !pods.has(Number(found[0]));
    }));
  return kept;
}

/** What the set says of a pod need not stand at the pod, too. */
function saidOnce(state, texts) {
  return state.why && texts.some((text) => text.includes(state.why)) ? { ...state, why: "" } : state;
}

/** All that the page shows of a set. `claims`: a collection; `fill`: what is on disks, by claim. */
export function setView(set, allPods, { claims, fill = new Map(), now = Date.now(), reasonOf = () => "" }) {
  const pods = podsOf(set, allPods);
  const texts = waits(set, pods, { now, reasonOf });
  const wanted = wantedOrdinals(set);
  const ordinals = [...new Set([...wanted, ...pods.keys()])].sort((a, b) => a - b);
  const { currentRevision = "", updateRevision = "" } = set.status ?? {};
  return {
    namespace: set.metadata.namespace,
    name: set.metadata.name,
    uid: set.metadata.uid,
    replicas: replicasOf(set),
    ready: [...pods.values()].filter(isReady).length,
    images: [...new Set(set.spec.template.spec.containers.map((container) => container.image))],
    policy: isParallel(set) ? "Parallel" : "OrderedReady",
    strategy: isOnDelete(set) ? "OnDelete" : partitionOf(set) > 0 ? `RollingUpdate, partition ${partitionOf(set)}` : "RollingUpdate",
    phase: phaseOf(set, pods, texts),
    rolls: rolls(set) ? { from: currentRevision, to: updateRevision } : null,
    waits: texts,
    ordinals: ordinals.map((ordinal) => ordinalView(set, ordinal, pods.get(ordinal), wanted.includes(ordinal), { claims, fill }))
      .map((view) => ({ ...view, state: saidOnce(view.state, texts) })),
    kept: keptClaims(set, pods, claims),
  };
}

/** What is shown of a Deployment. */
export function deploymentView(deployment) {
  const { status = {} } = deployment;
  const progressing = condition(deployment, "Progressing");
  const wanted = replicasOf(deployment);
  const settled = status.updatedReplicas === wanted && (status.availableReplicas ?? 0) === wanted && (status.replicas ?? 0) === wanted || wanted === 0 && !status.replicas;
  const stuck = progressing?.status === "False";
  return {
    namespace: deployment.metadata.namespace,
    name: deployment.metadata.name,
    uid: deployment.metadata.uid,
    replicas: wanted,
    ready: status.readyReplicas ?? 0,
    phase: settled ? { word: "Settled", tone: "ok" } : stuck ? { word: "Trouble", tone: "bad" } : { word: "Coming up", tone: "busy" },
    why: settled ? "" : stuck ? progressing.message : `${status.updatedReplicas ?? 0} of ${wanted} have the new template, ${status.availableReplicas ?? 0} are available`,
  };
}
