// The JavaScript client does with a server what programs do with it: an informer, create, patches in each way, exec, logs, delete.
//
// Input: the path of a kubeconfig. Ends with 0 if all was as it must be; otherwise with what was not.

import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import * as k8s from "@kubernetes/client-node";

const SPACE = "javascript";

const config = new k8s.KubeConfig();
config.loadFromFile(process.argv[2]);
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);

/** Keeps what is written as text. */
function collected() {
  const kept = new Writable({
    write(chunk, _encoding, done) {
      kept.text += chunk;
      kept.emit("more");
      done();
    },
  });
  kept.text = "";
  return kept;
}

/** An informer of pods, and a promise of the first that is as asked. */
async function followed() {
  const path = `/api/v1/namespaces/${SPACE}/pods`;
  const informer = k8s.makeInformer(config, path, () => core.listNamespacedPod({ namespace: SPACE }));
  informer.on("error", (error) => { throw error; });
  const until = (isSo) => new Promise((found) => {
    for (const kind of ["add", "update", "delete"]) {
      informer.on(kind, (pod) => isSo(kind, pod) && found(pod));
    }
  });
  await informer.start();
  return { informer, until };
}

const isReady = (pod) => pod.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True");

async function aPodIsFollowed({ informer, until }) {
  const script = "echo first; echo second; sleep 100000";
  const containers = [{ name: "c", image: "localhost/stead:1", command: ["sh", "-c", script] }];
  const ready = until((_kind, pod) => isReady(pod));
  const body = { metadata: { name: "p", labels: { app: "p" } }, spec: { containers, terminationGracePeriodSeconds: 0 } };
  const made = await core.createNamespacedPod({ namespace: SPACE, body });
  assert.equal(made.status.phase, "Pending");
  assert.ok(made.metadata.creationTimestamp instanceof Date);
  await ready;
  assert.deepEqual(informer.list(SPACE).map((pod) => pod.metadata.name), ["p"]);
}

async function everyPatch() {
  await core.createNamespacedConfigMap({ namespace: SPACE, body: { metadata: { name: "m" }, data: { a: "1", b: "2" } } });
  const patched = async (strategy, body, more = {}) => {
    const options = k8s.setHeaderOptions("Content-Type", strategy);
    return core.patchNamespacedConfigMap({ namespace: SPACE, name: "m", body, ...more }, options);
  };
  const { PatchStrategy } = k8s;
  assert.deepEqual((await patched(PatchStrategy.MergePatch, { data: { a: null, c: "3" } })).data, { b: "2", c: "3" });
  assert.deepEqual((await patched(PatchStrategy.StrategicMergePatch, { data: { d: "4" } })).data, { b: "2", c: "3", d: "4" });
  const steps = [{ op: "test", path: "/data/b", value: "2" }, { op: "remove", path: "/data/b" }];
  assert.deepEqual((await patched(PatchStrategy.JsonPatch, steps)).data, { c: "3", d: "4" });
  await assert.rejects(patched(PatchStrategy.JsonPatch, steps), (error) => error.code === 422);
  const whole = (data) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m", namespace: SPACE }, data });
  const applied = await patched(PatchStrategy.ServerSideApply, whole({ e: "5" }), { fieldManager: "javascript" });
  assert.deepEqual(applied.data, { c: "3", d: "4", e: "5" });
  const taken = patched(PatchStrategy.ServerSideApply, whole({ e: "6" }), { fieldManager: "another" });
  await assert.rejects(taken, (error) => error.code === 409);
  // By kind alone, as tools do that read manifests.
  const read = await objects.read(whole({}));
  await objects.replace({ ...read, data: { f: "7" } });
  assert.deepEqual((await objects.read(whole({}))).data, { f: "7" });
  await assert.rejects(objects.replace({ ...read, data: {} }), (error) => error.code === 409);
}

async function programsAndTheirOutput() {
  const exec = async (command, stdin = null) => {
    const [out, err] = [collected(), collected()];
    const status = await new Promise((ended, failed) => {
      new k8s.Exec(config).exec(SPACE, "p", "c", command, out, err, stdin, false, ended).catch(failed);
    });
    return { out: out.text, err: err.text, status };
  };
  const said = await exec(["sh", "-c", "echo out; echo err >&2; exit 3"]);
  assert.deepEqual([said.out, said.err, said.status.reason], ["out\n", "err\n", "NonZeroExitCode"]);
  assert.deepEqual(said.status.details.causes, [{ reason: "ExitCode", message: "3" }]);
  const typed = new PassThrough();
  typed.write("typed\n");
  assert.equal((await exec(["head", "-n", "1"], typed)).out, "typed\n");

  const log = collected();
  await new k8s.Log(config).log(SPACE, "p", "c", log, { follow: true });
  while (log.text !== "first\nsecond\n") {
    assert.ok("first\nsecond\n".startsWith(log.text), log.text);
    await once(log, "more");
  }
  assert.equal(await core.readNamespacedPodLog({ namespace: SPACE, name: "p", tailLines: 1 }), "second\n");
  // Who follows a log is told when the pod has ended.
  const ended = once(log, "finish");
  await core.deleteNamespacedPod({ namespace: SPACE, name: "p" });
  await ended;
}

async function aStatusAndNothingElse() {
  const own = (pod) => pod.status.conditions.find((one) => one.type === "example.com/checked")?.status;
  const said = { spec: { activeDeadlineSeconds: 1 }, status: { conditions: [{ type: "example.com/checked", status: "True" }] } };
  const strategic = k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.StrategicMergePatch);
  const at = { namespace: SPACE, name: "p" };
  const patched = await core.patchNamespacedPodStatus({ ...at, body: said }, strategic);
  assert.deepEqual([own(patched), patched.spec.activeDeadlineSeconds], ["True", undefined]);
  assert.equal(own(await core.readNamespacedPodStatus(at)), "True");
}

async function aWorkload({ until }) {
  const containers = [{ name: "c", image: "localhost/stead:1", command: ["sleep", "100000"] }];
  const labels = { app: "s" };
  const spec = { serviceName: "s", replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers, terminationGracePeriodSeconds: 0 } } };
  const [second, gone] = [until((_kind, pod) => pod.metadata.name === "s-1" && isReady(pod)), until((kind, pod) => kind === "delete" && pod.metadata.name === "s-1")];
  await apps.createNamespacedStatefulSet({ namespace: SPACE, body: { metadata: { name: "s" }, spec } });
  await second;
  const scale = await apps.readNamespacedStatefulSetScale({ namespace: SPACE, name: "s" });
  scale.spec.replicas = 1;
  // Whatever was written meanwhile, the status for one.
  delete scale.metadata.resourceVersion;
  await apps.replaceNamespacedStatefulSetScale({ namespace: SPACE, name: "s", body: scale });
  await gone;
}

await core.createNamespace({ body: { metadata: { name: SPACE } } });
const pods = await followed();
await aPodIsFollowed(pods);
await everyPatch();
await aStatusAndNothingElse();
await programsAndTheirOutput();
await aWorkload(pods);
await core.deleteNamespace({ name: SPACE });
// The informer follows for ever.
process.exit(0);
