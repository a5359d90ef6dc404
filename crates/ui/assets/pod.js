// What the state of a pod is, in the words that kubectl has, and why it is not Ready. Pure. Input: Pods as the API has them.

const ORDINAL = /-(0|[1-9][0-9]*)$/;

/** The number that a pod of a set has, or `null`. */
export function ordinalOf(set, pod) {
  const found = ORDINAL.exec(pod.metadata.name);
  return found && pod.metadata.name.slice(0, found.index) === set.metadata.name ? Number(found[1]) : null;
}

export function isOwnedBy(pod, owner) {
  return (pod.metadata.ownerReferences ?? []).some((reference) => reference.controller && reference.uid === owner.metadata.uid);
}

export function condition(object, type) {
  return (object.status?.conditions ?? []).find((found) => found.type === type);
}

export function isReady(pod) {
  return condition(pod, "Ready")?.status === "True" && !pod.metadata.deletionTimestamp;
}

/** Whether all its containers have ended and none starts again. */
export function hasEnded(pod) {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

export function restarts(pod) {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
    .reduce((sum, container) => sum + (container.restartCount ?? 0), 0);
}

/** All containers, in the order in which they start. */
export function containers(pod) {
  const { initContainers = [], containers: main = [], ephemeralContainers = [] } = pod.spec;
  return [...main, ...initContainers, ...ephemeralContainers].map((container) => container.name);
}

const USUAL = ["ContainerCreating", "PodInitializing"];

/** A container that keeps its pod from running, and how. */
function blocker(pod) {
  const init = pod.status?.initContainerStatuses ?? [];
  const isSidecar = (name) => pod.spec.initContainers?.some((one) => one.name === name && one.restartPolicy === "Always");
  const at = init.findIndex((one) => !(one.state?.terminated?.exitCode === 0 || (isSidecar(one.name) && one.started)));
  if (at >= 0 && condition(pod, "Initialized")?.status !== "True") {
    return { container: init[at], prefix: "Init:", progress: `Init:${at}/${init.length}` };
  }
  const all = pod.status?.containerStatuses ?? [];
  const container = all.find((one) => one.state?.waiting && !USUAL.includes(one.state.waiting.reason))
    ?? all.find((one) => one.state?.waiting) ?? all.find((one) => one.state?.terminated);
  return container && { container, prefix: "", progress: null };
}

function ofContainer(pod) {
  const found = blocker(pod);
  if (!found) {
    return null;
  }
  const { waiting, terminated } = found.container.state ?? {};
  const { name } = found.container;
  if (waiting && !(found.progress && USUAL.includes(waiting.reason))) {
    const usual = USUAL.includes(waiting.reason);
    const last = found.container.lastState?.terminated;
    const ended = last ? ` (it ended with ${last.exitCode}${last.reason ? `, ${last.reason}` : ""})` : "";
    const why = waiting.message ? `${name}: ${waiting.message}` : `container ${name} ${usual ? "is being made" : "waits"}${ended}`;
    return { word: found.prefix + (waiting.reason ?? "Waiting"), tone: usual ? "busy" : "bad", why };
  }
  if (terminated) {
    const good = terminated.exitCode === 0;
    const why = `container ${name} ended with ${terminated.exitCode}${terminated.message ? `: ${terminated.message}` : ""}`;
    return { word: found.prefix + (terminated.reason ?? "Ended"), tone: good ? "done" : "bad", why };
  }
  return found.progress ? { word: found.progress, tone: "busy", why: `init container ${name} runs` } : null;
}

/** How a pod is: a word, how good that is (`ok`, `busy`, `bad`, `going`, `done`), and why, if it is not Ready. */
export function podState(pod) {
  const { status = {}, metadata, spec } = pod;
  if (metadata.deletionTimestamp) {
    const grace = metadata.deletionGracePeriodSeconds;
    return { word: "Terminating", tone: "going", why: `its containers have until ${metadata.deletionTimestamp} (${grace} s) to end` };
  }
  if (status.phase === "Succeeded") {
    return { word: "Completed", tone: "done", why: "all its containers ended well" };
  }
  if (status.phase === "Failed") {
    return { word: status.reason ?? ofContainer(pod)?.word ?? "Error", tone: "bad", why: status.message ?? ofContainer(pod)?.why ?? "a container failed" };
  }
  const scheduled = condition(pod, "PodScheduled");
  if (!spec.nodeName) {
    return { word: "Pending", tone: scheduled?.status === "False" ? "bad" : "busy", why: scheduled?.message ?? "no node is chosen for it yet" };
  }
  const container = ofContainer(pod);
  if (container) {
    return container;
  }
  if (status.phase !== "Running") {
    return { word: "ContainerCreating", tone: "busy", why: `${spec.nodeName} prepares it` };
  }
  if (!isReady(pod)) {
    return { word: "Running, not Ready", tone: "busy", why: condition(pod, "Ready")?.message ?? "its readiness is not known yet" };
  }
  return { word: "Ready", tone: "ok", why: "" };
}
