// What it would do to scale, to restart or to delete, in sentences to read before it is done. Pure. Input: objects as the API has them.

import { claimNames, claimsOfPod, isOnDelete, isParallel, partitionOf, podName, replicasOf, startOf, wantedOrdinals } from "./model.js";
import { count, names } from "./words.js";

function claimWords(set, ordinals, deletes) {
  const claims = ordinals.flatMap((ordinal) => claimNames(set, ordinal));
  if (claims.length === 0) {
    return null;
  }
  return deletes
    ? { danger: true, text: `Their claims are deleted with all that is on them (whenScaled: Delete): ${names(claims)}.` }
    : { danger: false, text: `Their claims are kept, with all that is on them: ${names(claims)}. kubectl delete pvc removes them.` };
}

/** What it would do to scale a set or a Deployment. */
export function scaleWords(object, to) {
  const from = replicasOf(object);
  if (to === from) {
    return [{ danger: false, text: "Nothing changes." }];
  }
  if (object.kind === "Deployment") {
    return [{ danger: false, text: to > from ? `${count(to - from, "pod")} more start.` : `${count(from - to, "pod")} end.` }];
  }
  const set = object;
  const start = startOf(set);
  const changed = Array.from({ length: Math.abs(to - from) }, (_, index) => start + Math.min(from, to) + index);
  const podNames = (ordinals) => ordinals.map((ordinal) => podName(set, ordinal));
  if (to > from) {
    const order = isParallel(set) ? "all at once" : "one after the other, each when all before it are Ready";
    return [
      { danger: false, text: changed.length === 1 ? `${podNames(changed)[0]} is made.` : `${names(podNames(changed), "then")} are made, ${order}.` },
      ...(claimNames(set, start).length > 0 ? [{ danger: false, text: "Claims that were kept for them are used again, others are made." }] : []),
    ];
  }
  changed.reverse();
  const order = isParallel(set) ? "all at once" : "one after the other";
  const deletes = set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled === "Delete";
  return [
    { danger: false, text: changed.length === 1 ? `${podNames(changed)[0]} ends.` : `${names(podNames(changed), "then")} end, ${order}.` },
    claimWords(set, changed, deletes),
  ].filter(Boolean);
}

/** What it would do to restart a set or a Deployment. */
export function restartWords(object) {
  const back = { danger: false, text: "The pods' template gets an annotation, as kubectl rollout restart writes it." };
  if (object.kind === "Deployment") {
    const paused = object.spec.paused ? "It is paused: pods are replaced when it is resumed." : "New pods start before old ones end, as its strategy says.";
    return [{ danger: false, text: paused }, back];
  }
  const all = wantedOrdinals(object);
  if (isOnDelete(object)) {
    return [{ danger: false, text: "Its strategy is OnDelete: each pod is made anew when you delete it, not before." }, back];
  }
  const partition = partitionOf(object);
  const due = all.filter((ordinal) => ordinal >= partition).reverse().map((ordinal) => podName(object, ordinal));
  const held = all.filter((ordinal) => ordinal < partition).map((ordinal) => podName(object, ordinal));
  const found = [];
  if (due.length > 0) {
    found.push({ danger: false, text: `${names(due, "then")} ${due.length === 1 ? "is" : "are"} made anew, the next when the one before is Ready. Each is away meanwhile; names and claims stay.` });
  }
  if (held.length > 0) {
    found.push({ danger: false, text: `${names(held)} ${held.length === 1 ? "stays" : "stay"} as ${held.length === 1 ? "it is" : "they are"}: the partition is ${partition}.` });
  }
  return [...found, back];
}

/** What it would do to delete a pod. */
export function deleteWords(pod) {
  const owner = (pod.metadata.ownerReferences ?? []).find((reference) => reference.controller);
  const grace = pod.spec.terminationGracePeriodSeconds ?? 30;
  const ends = { danger: false, text: `Its containers are told to end, and have ${grace} s for it.` };
  if (!owner) {
    return [ends, { danger: true, text: "It belongs to nothing: nobody makes it anew." }];
  }
  if (owner.kind === "StatefulSet") {
    const claims = claimsOfPod(pod);
    const kept = claims.length > 0 ? ` with its claims (${names(claims)}), which are kept` : "";
    return [ends, { danger: false, text: `The StatefulSet ${owner.name} makes it anew under its name${kept}.` }];
  }
  return [ends, { danger: false, text: `The ${owner.kind} ${owner.name} makes another in its place.` }];
}
