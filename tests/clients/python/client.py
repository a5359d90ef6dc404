"""The Python client does with a server what programs do with it: list, create, watch, patch in each way, install manifests, exec, logs, delete.

Input: the path of a kubeconfig. Ends with 0 if all was as it must be; otherwise with what was not.
"""

import sys
import threading

import yaml
from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import stream

SPACE = "python"
PATIENCE_S = 120


def pod(name):
    shell = client.V1Container(
        name="c", image="localhost/stead:1", command=["sh", "-c", "echo first; echo second; sleep 100000"]
    )
    return client.V1Pod(
        metadata=client.V1ObjectMeta(name=name, labels={"app": "p"}),
        spec=client.V1PodSpec(containers=[shell], termination_grace_period_seconds=0),
    )


def follows_a_pod_until_it_is_ready(core):
    seen = []
    begun = core.list_namespaced_pod(SPACE)
    assert begun.items == [], begun
    core.create_namespaced_pod(SPACE, pod("p"))
    stream_of = watch.Watch().stream(
        core.list_namespaced_pod, SPACE, resource_version=begun.metadata.resource_version, timeout_seconds=PATIENCE_S
    )
    for event in stream_of:
        seen.append(event["type"])
        conditions = event["object"].status.conditions or []
        if any(condition.type == "Ready" and condition.status == "True" for condition in conditions):
            break
    else:
        raise AssertionError(f"the pod was not ready in {PATIENCE_S} s: {seen}")
    assert seen[0] == "ADDED" and set(seen[1:]) == {"MODIFIED"}, seen
    assert [item.metadata.name for item in core.list_namespaced_pod(SPACE, label_selector="app=p").items] == ["p"]
    assert core.list_namespaced_pod(SPACE, field_selector="status.phase=Pending").items == []


def patches_in_every_way(core, api):
    core.create_namespaced_config_map(SPACE, {"metadata": {"name": "m"}, "data": {"a": "1", "b": "2"}})

    def patched(body, kind):
        answer = core.patch_namespaced_config_map("m", SPACE, body, _content_type=kind)
        return answer.data

    assert patched({"data": {"a": None, "c": "3"}}, "application/merge-patch+json") == {"b": "2", "c": "3"}
    assert patched({"data": {"d": "4"}}, "application/strategic-merge-patch+json") == {"b": "2", "c": "3", "d": "4"}
    steps = [{"op": "test", "path": "/data/b", "value": "2"}, {"op": "remove", "path": "/data/b"}]
    assert patched(steps, "application/json-patch+json") == {"c": "3", "d": "4"}
    try:
        patched(steps, "application/json-patch+json")
        raise AssertionError("a test that does not hold passed")
    except ApiException as error:
        assert error.status == 422, error

    maps = dynamic.DynamicClient(api).resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": SPACE}, "data": {"e": "5"}}
    applied = maps.server_side_apply(body=body, name="m", namespace=SPACE, field_manager="python")
    assert applied.data.to_dict() == {"c": "3", "d": "4", "e": "5"}, applied
    owners = {entry["manager"]: entry["operation"] for entry in applied.to_dict()["metadata"]["managedFields"]}
    assert owners["python"] == "Apply", owners
    body["data"] = {"e": "6"}
    try:
        maps.server_side_apply(body=body, name="m", namespace=SPACE, field_manager="another")
        raise AssertionError("a field was taken from its owner")
    except ApiException as error:
        assert error.status == 409, error


def runs_programs_and_reads_what_they_print(core):
    said = stream(
        core.connect_get_namespaced_pod_exec,
        "p",
        SPACE,
        command=["sh", "-c", "echo out; echo err >&2; exit 3"],
        stdout=True,
        stderr=True,
        _preload_content=False,
    )
    said.run_forever(timeout=PATIENCE_S)
    assert (said.read_stdout(), said.read_stderr(), said.returncode) == ("out\n", "err\n", 3)

    cat = stream(
        core.connect_get_namespaced_pod_exec,
        "p",
        SPACE,
        command=["head", "-n", "1"],
        stdin=True,
        stdout=True,
        _preload_content=False,
    )
    cat.write_stdin("typed\n")
    cat.run_forever(timeout=PATIENCE_S)
    assert cat.read_stdout() == "typed\n"

    followed = core.read_namespaced_pod_log("p", SPACE, follow=True, _preload_content=False)
    seen = b""
    while seen != b"first\nsecond\n":
        more = followed.read1()
        assert more and len(seen) < 100, seen
        seen += more
    followed.close()
    assert core.read_namespaced_pod_log("p", SPACE) == "first\nsecond\n"
    assert core.read_namespaced_pod_log("p", SPACE, tail_lines=1) == "second\n"


def runs_a_workload(core, apps):
    container = {"name": "c", "image": "localhost/stead:1", "command": ["sleep", "100000"]}
    template = {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "d"}}, "template": template}
    apps.create_namespaced_deployment(SPACE, {"metadata": {"name": "d"}, "spec": spec})
    await_deployment(apps, lambda status: status.available_replicas == 2)
    assert apps.read_namespaced_deployment_scale("d", SPACE).spec.replicas == 2
    apps.patch_namespaced_deployment_scale("d", SPACE, {"spec": {"replicas": 1}})
    await_deployment(apps, lambda status: status.replicas == 1)
    apps.delete_namespaced_deployment("d", SPACE, propagation_policy="Foreground")


def writes_a_status_and_nothing_else(core):
    def own(of):
        return [condition.status for condition in of.status.conditions if condition.type == "example.com/checked"]

    said = {"status": {"conditions": [{"type": "example.com/checked", "status": "True"}]}}
    assert own(core.patch_namespaced_pod("p", SPACE, said)) == []
    patched = core.patch_namespaced_pod_status("p", SPACE, {**said, "spec": {"activeDeadlineSeconds": 1}})
    assert own(patched) == ["True"] and patched.spec.active_deadline_seconds is None, patched
    assert own(core.read_namespaced_pod_status("p", SPACE)) == ["True"]


def await_deployment(apps, is_so):
    follow = watch.Watch()
    for event in follow.stream(apps.list_namespaced_deployment, SPACE, timeout_seconds=PATIENCE_S):
        if is_so(event["object"].status):
            return
    raise AssertionError("the Deployment did not get there")


MANIFEST = """
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {colour: green}}
---
{apiVersion: v1, kind: Service, metadata: {name: front}, spec: {selector: {app: d}, ports: [{port: 80}]}}
"""


def installs_what_files_say(core, api):
    def install():
        return utils.create_from_yaml(api, yaml_objects=list(yaml.safe_load_all(MANIFEST)), namespace=SPACE)

    assert len(install()) == 2
    assert core.read_namespaced_config_map("settings", SPACE).data == {"colour": "green"}
    assert core.read_namespaced_service("front", SPACE).spec.cluster_ip
    try:
        install()
        raise AssertionError("what is there was made again")
    except utils.FailToCreateError as error:
        assert [one.status for one in error.api_exceptions] == [409, 409], error


def sees_a_namespace_end(core):
    ended = threading.Event()

    def follow(since):
        for event in watch.Watch().stream(core.list_namespace, resource_version=since, timeout_seconds=PATIENCE_S):
            if event["type"] == "DELETED" and event["object"].metadata.name == SPACE:
                ended.set()
                return

    since = core.list_namespace().metadata.resource_version
    follower = threading.Thread(target=follow, args=[since])
    follower.start()
    core.delete_namespace(SPACE)
    follower.join()
    assert ended.is_set(), "the namespace did not end"


def main():
    api = config.new_client_from_config(config_file=sys.argv[1])
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
    version = client.VersionApi(api).get_code()
    assert (version.major, int(version.minor) >= 37) == ("1", True), version
    core.create_namespace({"metadata": {"name": SPACE}})
    follows_a_pod_until_it_is_ready(core)
    patches_in_every_way(core, api)
    runs_programs_and_reads_what_they_print(core)
    writes_a_status_and_nothing_else(core)
    installs_what_files_say(core, api)
    runs_a_workload(core, apps)
    sees_a_namespace_end(core)


if __name__ == "__main__":
    main()
