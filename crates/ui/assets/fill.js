// How full claims are, as the nodes measure it. `filled` is pure; `measure` asks.

const NODES_MAX = 20;

/** What the summaries of nodes say of claims, by namespace and name. */
export function filled(summaries) {
  const found = new Map();
  for (const summary of summaries) {
    for (const pod of summary.pods ?? []) {
      for (const { pvcRef, usedBytes, capacityBytes } of pod.volume ?? []) {
        if (pvcRef && capacityBytes > 0) {
          found.set(`${pvcRef.namespace}/${pvcRef.name}`, { used: usedBytes, capacity: capacityBytes });
        }
      }
    }
  }
  return found;
}

/** Asks the nodes on which there are claims. One that does not answer says nothing. */
export async function measure(ask, pods) {
  const users = pods.filter((pod) => pod.spec.nodeName && pod.spec.volumes?.some((volume) => volume.persistentVolumeClaim));
  const nodes = [...new Set(users.map((pod) => pod.spec.nodeName))].slice(0, NODES_MAX);
  const answers = await Promise.allSettled(nodes.map(async (node) => (await ask(`/api/v1/nodes/${encodeURIComponent(node)}/proxy/stats/summary`)).json()));
  return filled(answers.filter((answer) => answer.status === "fulfilled").map((answer) => answer.value));
}
