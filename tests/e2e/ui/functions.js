// What is true of the page's pure functions; runs in the page. Comes to {passed, failed}.
(async () => {
  const model = await import("/ui/model.js");
  const { deleteWords, scaleWords } = await import("/ui/consequences.js");
  const { podState, restarts } = await import("/ui/pod.js");
  const words = await import("/ui/words.js");
  const { filled } = await import("/ui/fill.js");
  const { follow, lines, pauseAfter } = await import("/ui/follow.js");
  const failed = [];
  let passed = 0;
  const is = (what, found, wanted) => {
    if (JSON.stringify(found) === JSON.stringify(wanted)) {
      passed += 1;
    } else {
      failed.push(`${what}: found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
    }
  };

  const set = (spec = {}, status = {}) => ({
    kind: "StatefulSet",
    metadata: { name: "web", namespace: "default", uid: "s", generation: 1 },
    spec: { replicas: 3, serviceName: "nginx", template: { spec: { containers: [{ image: "i" }] } }, ...spec },
    status: { observedGeneration: 1, currentRevision: "web-a", updateRevision: "web-a", ...status },
  });
  const pod = (ordinal, { ready = true, revision = "web-a", going = false, message, volumes = [] } = {}) => ({
    metadata: {
      name: `web-${ordinal}`, namespace: "default", uid: `p${ordinal}`, labels: { "controller-revision-hash": revision },
      ownerReferences: [{ kind: "StatefulSet", name: "web", uid: "s", controller: true }],
      ...(going ? { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 30 } : {}),
    },
    spec: { nodeName: "n", containers: [{ name: "c" }], volumes },
    status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False", message }], containerStatuses: [{ name: "c", restartCount: 2, state: { running: {} } }] },
  });
  const waits = (object, pods) => model.waits(object, model.podsOf(object, pods));

  is("a settled set waits for nothing", waits(set(), [pod(0), pod(1), pod(2)]), []);
  is("pods of others are not its own", [...model.podsOf(set(), [{ ...pod(0), metadata: { ...pod(0).metadata, ownerReferences: [] } }, pod(1)]).keys()], [1]);
  is("the first that is missing comes next", waits(set(), [pod(0)]), ["web-1 is to be made; web-2 comes after it"]);
  is("one that is not ready holds up the others", waits(set(), [pod(0, { ready: false, message: "no answer" })]),
    ["waits for web-0 to be Ready; web-1 and web-2 come after it (Running, not Ready: no answer)"]);
  is("a parallel set waits for all", waits(set({ podManagementPolicy: "Parallel" }), [pod(1, { going: true })]),
    ["web-0 is to be made", "waits for web-1 to end, then makes it anew", "web-2 is to be made"]);
  is("fewer are wanted: the last goes first", waits(set({ replicas: 1 }), [pod(0), pod(1), pod(2, { going: true })]), ["waits for web-2 to end; then web-1 goes"]);
  is("ordinals begin where the set says", waits(set({ replicas: 1, ordinals: { start: 5 } }), []), ["web-5 is to be made"]);
  const roll = { currentRevision: "web-a", updateRevision: "web-b" };
  is("a roll goes from the last to the first", waits(set({}, roll), [pod(0), pod(1), pod(2, { revision: "web-b", ready: false, message: "m" })]),
    ["waits for web-2 to be Ready (Running, not Ready: m)", "rolls: web-1 then web-0 are still to be replaced"]);
  is("a partition holds a roll", waits(set({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } }, roll), [pod(0), pod(1), pod(2, { revision: "web-b" })]),
    ["web-0 and web-1 keep the former revision: the partition is 2"]);
  is("OnDelete waits for its user", waits(set({ replicas: 1, updateStrategy: { type: "OnDelete" } }, roll), [pod(0)]), ["web-0 takes the new revision when you delete it (OnDelete)"]);
  is("a change that the controller has not seen", waits({ ...set(), metadata: { ...set().metadata, generation: 2 } }, []), ["its controller has not seen the last change yet"]);
  is("ready, but not for long enough", model.waits(set({ replicas: 1, minReadySeconds: 10 }), new Map([[0, {
    ...pod(0), status: { phase: "Running", conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }] },
  }]]), { now: Date.parse("2026-01-01T00:00:05Z") }), ["waits for web-0 to be Ready for 10 s"]);

  const claims = new model.Collection("PersistentVolumeClaim");
  claims.replace(["www-web-0", "www-web-7", "www-web-x", "www-webs-9"].map((name) => ({ metadata: { name, namespace: "default" }, spec: {}, status: { phase: "Bound", capacity: { storage: "1Gi" } } })));
  const claimed = set({ replicas: 1, volumeClaimTemplates: [{ metadata: { name: "www" } }] });
  const view = model.setView(claimed, [pod(0, { volumes: [{ persistentVolumeClaim: { claimName: "www-web-0" } }] })], { claims, fill: new Map([["default/www-web-0", { used: 1, capacity: 4 }]]) });
  is("claims of no pod are kept", view.kept, ["www-web-7"]);
  is("a claim has its size and fill", view.ordinals[0].claims, [{ name: "www-web-0", phase: "Bound", size: 2 ** 30, measured: { used: 1, capacity: 4 } }]);
  is("a set in one word", [view.phase.word, view.ready, view.ordinals[0].restarts], ["Settled", 1, 2]);
  is("how full disks are", [...filled([{ pods: [{ volume: [{ pvcRef: { namespace: "n", name: "a" }, usedBytes: 1, capacityBytes: 2 }, { usedBytes: 5 }] }] }, {}])], [["n/a", { used: 1, capacity: 2 }]]);

  const texts = (found) => found.map(({ danger, text }) => (danger ? `! ${text}` : text));
  is("scaling down keeps claims", texts(scaleWords({ ...claimed, spec: { ...claimed.spec, replicas: 3 } }, 1)),
    ["web-2 then web-1 end, one after the other.", "Their claims are kept, with all that is on them: www-web-2 and www-web-1. kubectl delete pvc removes them."]);
  is("unless the set says otherwise", texts(scaleWords({ ...claimed, spec: { ...claimed.spec, replicas: 2, persistentVolumeClaimRetentionPolicy: { whenScaled: "Delete" } } }, 1)),
    ["web-1 ends.", "! Their claims are deleted with all that is on them (whenScaled: Delete): www-web-1."]);
  is("scaling up", texts(scaleWords(set(), 5)), ["web-3 then web-4 are made, one after the other, each when all before it are Ready."]);
  is("a pod of nobody is gone for good", texts(deleteWords({ metadata: { name: "p" }, spec: { terminationGracePeriodSeconds: 5 } })),
    ["Its containers are told to end, and have 5 s for it.", "! It belongs to nothing: nobody makes it anew."]);

  const state = (status, spec = {}) => podState({ metadata: {}, spec: { nodeName: "n", containers: [], ...spec }, status }).word;
  is("states in kubectl's words", [
    state({}, { nodeName: undefined }),
    state({ phase: "Pending" }),
    state({ phase: "Pending", containerStatuses: [{ name: "c", state: { waiting: { reason: "ImagePullBackOff", message: "m" } } }] }),
    state({ phase: "Running", containerStatuses: [{ name: "c", state: { waiting: { reason: "CrashLoopBackOff" } } }] }),
    state({ phase: "Pending", initContainerStatuses: [{ name: "i", state: { terminated: { exitCode: 0 } } }, { name: "j", state: { running: {} } }] }, { initContainers: [{ name: "i" }, { name: "j" }] }),
    state({ phase: "Failed", reason: "Evicted" }),
    state({ phase: "Succeeded" }),
  ], ["Pending", "ContainerCreating", "ImagePullBackOff", "CrashLoopBackOff", "Init:1/2", "Evicted", "Completed"]);
  is("restarts of all containers", restarts({ status: { initContainerStatuses: [{ restartCount: 1 }], containerStatuses: [{ restartCount: 2 }, {}] } }), 3);

  is("quantities", ["1Gi", "100m", "2e3", "1500M", "x", undefined].map(words.quantity), [2 ** 30, 0.1, 2000, 1.5e9, null, null]);
  is("bytes", [0, 1023, 1536, 16 * 2 ** 20, 150.4 * 2 ** 30].map(words.bytes), ["0 B", "1023 B", "1.5 KiB", "16 MiB", "150 GiB"]);
  is("ages", [-5, 119e3, 120e3, 7199e3, 7200e3, 49 * 3600e3].map(words.age), ["0s", "119s", "2m", "119m", "2h", "2d"]);
  is("names", [words.names([]), words.names(["a"]), words.names(["a", "b", "c"]), words.names([..."abcdefgh"])], ["", "a", "a, b and c", "a, b … h (8)"]);

  const events = [["old", 1], ["new", 3], ["mid", 2]].map(([name, day]) => ({ metadata: { name, resourceVersion: "1" }, lastTimestamp: `2026-01-0${day}T00:00:00Z` }));
  is("events begin with the newest", model.newestEvents(events).map((event) => event.metadata.name), ["new", "mid", "old"]);
  const collection = new model.Collection("Pod");
  collection.replace([10, 9].map((n) => ({ metadata: { namespace: "d", name: `p-${n}` } })));
  collection.apply("ADDED", { metadata: { namespace: "d", name: "p-2" } });
  collection.apply("DELETED", { metadata: { namespace: "d", name: "p-9" } });
  is("changes are taken in", collection.all().map((object) => object.metadata.name), ["p-2", "p-10"]);

  // A server that forgets what was, and one that breaks off.
  const body = (text) => new Response(text).body;
  const found = [];
  for await (const line of lines(body("a\nbc\nd"))) {
    found.push(line);
  }
  is("lines", found, ["a", "bc", "d"]);
  const answers = [
    { json: async () => ({ items: [{ metadata: { name: "a", managedFields: [1] } }], metadata: { resourceVersion: "5", continue: "c" } }) },
    { json: async () => ({ items: [{ metadata: { name: "b" } }], metadata: { resourceVersion: "5" } }) },
    { body: body('{"type":"ADDED","object":{"metadata":{"name":"c","resourceVersion":"6"}}}\n{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}\n') },
    new Error("broken off"),
    { body: body('{"type":"ERROR","object":{"code":410,"message":"too old"}}\n') },
    { json: async () => ({ items: [], metadata: { resourceVersion: "20" } }) },
  ];
  const asked = [];
  const seen = [];
  const end = new AbortController();
  await follow({
    path: "/x", signal: end.signal, pause: async () => {}, chance: () => 0,
    ask: async (path) => {
      asked.push(`${new URLSearchParams(path.split("?")[1]).get("resourceVersion") ?? "list"}`);
      const answer = answers.shift();
      if (!answer) {
        end.abort();
      }
      if (!answer || answer instanceof Error) {
        throw answer ?? new Error("ended");
      }
      return answer;
    },
    replace: (items) => seen.push(items.map(({ metadata }) => Object.values(metadata).join())),
    apply: (type, object) => seen.push(`${type} ${object.metadata.name}`),
    state: (error) => seen.push(error ? error.message : "live"),
  });
  is("a watch goes on from where it was, and lists anew when that is forgotten", asked, ["list", "list", "5", "9", "9", "list", "20"]);
  is("what came of it", seen, [["a", "b"], "live", "ADDED c", "live", "broken off", "live", [], "live"]);
  is("pauses grow and have an end", [1, 2, 3, 30].map((failures) => pauseAfter(failures, 0.5)), [500, 1000, 2000, 10000]);
  return { passed, failed };
})()
