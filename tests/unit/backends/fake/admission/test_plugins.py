"""The smaller plugins: accounts, priorities, classes of storage, ingress and runtimes, volumes in use."""

from __future__ import annotations

from typing import Any

from tests.unit.backends.fake.admission.test_builtin import ACCOUNTS, with_accounts
from tests.unit.backends.fake.admission.test_limit_ranger import CLAIMS, claim
from tests.unit.backends.fake.controllers.world import World
from tests.unit.backends.fake.door import PODS, Door, pod

CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"
STORAGE = "/apis/storage.k8s.io/v1/storageclasses"
VOLUMES = "/api/v1/persistentvolumes"


def running(name: str = "p", **spec: Any) -> dict[str, Any]:
    body = pod(name)
    return {**body, "spec": {**body["spec"], **spec}}


def test_a_pod_pulls_with_the_secrets_of_its_account(door: Door) -> None:
    account = {"metadata": {"name": "default"}, "imagePullSecrets": [{"name": "registry"}]}
    with_accounts(door).made(ACCOUNTS, account)
    assert door.made(PODS, pod())["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    own = running("own", imagePullSecrets=[{"name": "mine"}])
    assert door.made(PODS, own)["spec"]["imagePullSecrets"] == [{"name": "mine"}]


def test_an_account_may_allow_its_own_secrets_only(door: Door) -> None:
    metadata = {"name": "default", "annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}}
    with_accounts(door).made(ACCOUNTS, {"metadata": metadata, "secrets": [{"name": "mine"}]})
    volumes = [{"name": "v", "secret": {"secretName": "other"}}]
    refused = door.post(PODS, running(volumes=volumes)).body["message"]
    why = "is not allowed because service account default does not reference that secret"
    assert refused.endswith(f'volume with secret.secretName="other" {why}')
    door.made(PODS, running(volumes=[{"name": "v", "secret": {"secretName": "mine"}}]))


def test_a_mirror_pod_has_no_account(door: Door) -> None:
    mirror = running(serviceAccountName="default", nodeName="n")
    mirror["metadata"] = {"name": "m", "annotations": {"kubernetes.io/config.mirror": "x"}}
    refused = with_accounts(door).post(PODS, mirror)
    assert refused.body["message"].endswith("a mirror pod may not reference service accounts")


def test_there_is_one_default_priority(door: Door) -> None:
    door.made(CLASSES, {"metadata": {"name": "usual"}, "value": 5, "globalDefault": True})
    spec = door.made(PODS, pod())["spec"]
    assert (spec["priorityClassName"], spec["priority"]) == ("usual", 5)
    refused = door.post(CLASSES, {"metadata": {"name": "second"}, "value": 6, "globalDefault": True})
    assert refused.body["message"].endswith(
        "PriorityClass usual is already marked as default. Only one default can exist"
    )
    assert door.patch(f"{CLASSES}/usual", {"description": "for most"}).code == 200
    clash = door.post(PODS, running("q", preemptionPolicy="Never")).body["message"]
    assert "the string value of PreemptionPolicy (Never) must not be provided in pod spec" in clash


def test_a_system_class_stays(door: Door) -> None:
    refused = door.delete(f"{CLASSES}/system-node-critical")
    assert (refused.code, refused.body["message"].partition(": ")[2]) == (
        403,
        "this is a system priority class and cannot be deleted",
    )


def test_who_names_no_class_gets_the_youngest_default(door: Door) -> None:
    for name in ("old", "young-b", "young-a"):
        mark = {"storageclass.kubernetes.io/is-default-class": "true"}
        door.made(STORAGE, {"metadata": {"name": name, "annotations": mark}, "provisioner": "x"})
        if name == "old":
            door.clock.advance(1)
    assert door.made(CLAIMS, claim("1Gi"))["spec"]["storageClassName"] == "young-a"
    none = claim("1Gi")
    none["metadata"]["name"], none["spec"]["storageClassName"] = "none", ""
    assert door.made(CLAIMS, none)["spec"]["storageClassName"] == ""


def test_an_ingress_gets_the_default_class(door: Door) -> None:
    root = "/apis/networking.k8s.io/v1"
    mark = {"ingressclass.kubernetes.io/is-default-class": "true"}
    door.made(
        f"{root}/ingressclasses", {"metadata": {"name": "web", "annotations": mark}, "spec": {"controller": "a/b"}}
    )
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    body = {"metadata": {"name": "i"}, "spec": {"defaultBackend": backend}}
    assert door.made(f"{root}/namespaces/default/ingresses", body)["spec"]["ingressClassName"] == "web"


def test_a_runtime_has_an_overhead_and_a_place(door: Door) -> None:
    scheduling = {"nodeSelector": {"kind": "vm"}, "tolerations": [{"key": "vm", "operator": "Exists"}]}
    overhead = {"podFixed": {"cpu": "100m"}}
    body = {"metadata": {"name": "vm"}, "handler": "vm", "overhead": overhead, "scheduling": scheduling}
    door.made("/apis/node.k8s.io/v1/runtimeclasses", body)
    spec = door.made(PODS, running(runtimeClassName="vm"))["spec"]
    assert (spec["overhead"], spec["nodeSelector"]) == ({"cpu": "100m"}, {"kind": "vm"})
    assert {"key": "vm", "operator": "Exists"} in spec["tolerations"]
    texts = [
        door.post(PODS, running("q", **more)).body["message"].partition("forbidden: ")[2]
        for more in (
            {"runtimeClassName": "none"},
            {"runtimeClassName": "vm", "overhead": {"cpu": "1"}},
            {"overhead": {"cpu": "1"}},
            {"runtimeClassName": "vm", "nodeSelector": {"kind": "metal"}},
        )
    ]
    assert texts == [
        'pod rejected: RuntimeClass "none" not found',
        "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        "conflict: runtimeClass.scheduling.nodeSelector[kind] = vm; pod.spec.nodeSelector[kind] = metal",
    ]


def test_a_claim_grows_where_its_class_lets_it(door: Door) -> None:
    door.made(STORAGE, {"metadata": {"name": "fixed"}, "provisioner": "x"})
    door.made(STORAGE, {"metadata": {"name": "elastic"}, "provisioner": "x", "allowVolumeExpansion": True})
    more = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    answers = []
    for name in ("fixed", "elastic"):
        body = claim("1Gi")
        body["metadata"]["name"] = body["spec"]["storageClassName"] = name
        door.made(CLAIMS, body)
        answers.append(door.patch(f"{CLAIMS}/{name}", more))
        door.patch(f"{CLAIMS}/{name}/status", {"status": {"phase": "Bound"}})
        answers.append(door.patch(f"{CLAIMS}/{name}", more))
    assert [answer.code for answer in answers] == [422, 403, 422, 200]  # unbound: refused before admission looks
    assert "the storageclass that provisions the pvc must support resize" in answers[1].body["message"]


def test_a_claim_that_a_pod_uses_stays_until_the_pod_goes() -> None:
    world = World()
    world.made(CLAIMS, claim("1Gi"))
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]
    world.made(PODS, running(volumes=volumes))
    world.settle()
    assert world.delete(f"{CLAIMS}/c").body["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    world.settle()
    assert world.get(f"{CLAIMS}/c").code == 200
    world.delete(f"{PODS}/p?gracePeriodSeconds=0")
    world.settle()
    assert world.get(f"{CLAIMS}/c").code == 404


def test_a_volume_stays_while_it_is_bound() -> None:
    world = World()
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}
    world.made(VOLUMES, {"metadata": {"name": "v"}, "spec": spec})
    world.patch(f"{VOLUMES}/v/status", {"status": {"phase": "Bound"}})
    world.delete(f"{VOLUMES}/v")
    world.settle()
    assert world.get(f"{VOLUMES}/v").code == 200
    world.patch(f"{VOLUMES}/v/status", {"status": {"phase": "Released"}})
    world.settle()
    assert world.get(f"{VOLUMES}/v").code == 404


def test_nothing_is_evicted_or_bound_in_a_namespace_that_goes() -> None:
    world = World()
    root = "/api/v1/namespaces/going"
    world.made("/api/v1/namespaces", {"metadata": {"name": "going"}})
    held = pod("p", finalizers=["example.com/held"])
    world.made(f"{root}/pods", held)
    world.delete(root)
    world.settle()
    refused = world.post(f"{root}/pods/p/eviction", {"metadata": {"name": "p"}})
    assert refused.code == 403
    assert refused.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
