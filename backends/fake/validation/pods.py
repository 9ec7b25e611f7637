"""The rules of Pods and pod templates.

Rules: `ValidatePodCreate`, `ValidatePodUpdate`, `ValidatePodTemplateSpec` in pkg/apis/core/validation/validation.go.

Not looked into: resource claims, Windows options, and security options beyond users and privileges.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from backends.fake.schema.recent import Recent
from backends.fake.validation import causes, containers, differences, metadata, placement, pod_options, security
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import (
    label_1123_errors,
    label_key_errors,
    subdomain_1123_errors,
)
from backends.fake.validation.volumes import volumes

Obj = dict[str, Any]

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_MOST_SECONDS = 2**31 - 1
MIRROR = "kubernetes.io/config.mirror"
"""The annotation of a pod that a kubelet shows and does not take from the server."""
_COST = "controller.kubernetes.io/pod-deletion-cost"
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)")
_CONDITIONS = ("PodScheduled", "Ready", "Initialized")
_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def create(obj: Obj) -> list[Cause]:
    """What is wrong with a new Pod's spec."""
    given = obj["spec"]
    found = whole(obj)
    if given.get("ephemeralContainers"):
        found.append(causes.forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if given.get("nodeName") and given.get("schedulingGates"):
        found.append(causes.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"))
    return found


def whole(obj: Obj) -> list[Cause]:
    """What every write of a Pod is checked for: its annotations, its spec, and what only templates may leave open."""
    given = obj["spec"]
    found = _annotations(obj["metadata"].get("annotations") or {}, given, "metadata.annotations")
    found += spec(given, "spec")
    for member in ("containers", "initContainers"):
        found += containers.padded_images(f"spec.{member}", given.get(member) or [])
    return found


def _annotations(given: Mapping[str, str], of: Obj, path: str) -> list[Cause]:
    """The annotations of a pod that mean something to the server."""
    found: list[Cause] = []
    if MIRROR in given and not of.get("nodeName"):
        text = "must set spec.nodeName if mirror pod annotation is set"
        found.append(causes.invalid(f"{path}[{MIRROR}]", given[MIRROR], text))
    cost = given.get(_COST)
    if cost is not None and not (_NUMBER.fullmatch(cost) and abs(int(cost)) <= _MOST_SECONDS):
        found.append(causes.invalid(f"{path}[{_COST}]", cost, "must be a 32bit integer"))
    return found


def template(given: Obj, path: str) -> list[Cause]:
    """What is wrong with the template of a workload."""
    found = template_metadata(given, path) + spec(given["spec"], f"{path}.spec")
    if given["spec"].get("ephemeralContainers"):
        found.append(
            causes.forbidden(f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")
        )
    return found


def template_metadata(given: Obj, path: str) -> list[Cause]:
    """What is wrong with a template's labels and annotations; their paths go without `metadata`, as the server's do."""
    meta = given.get("metadata") or {}
    found = metadata.label_causes(meta.get("labels") or {}, f"{path}.labels")
    annotations = meta.get("annotations") or {}
    found += metadata.annotation_causes(annotations, f"{path}.annotations")
    return found + _annotations(annotations, given["spec"], f"{path}.annotations")


_sound: Recent[bool] = Recent(256)
"""Specs in which nothing was wrong: wherever they come again, nothing is."""


def spec(given: Obj, path: str) -> list[Cause]:
    """What is wrong with a pod's spec, in the server's order."""
    key = orjson.dumps(given)
    if _sound.get(key):
        return []
    found = _spec(given, path)
    if not found:
        _sound.keep(key, True)
    return found


def _spec(given: Obj, path: str) -> list[Cause]:
    names, found = volumes(f"{path}.volumes", given.get("volumes") or [])
    regulars, grace_s = given.get("containers") or [], given.get("terminationGracePeriodSeconds", 0)
    found += containers.regular(f"{path}.containers", regulars, names, grace_s)
    found += containers.initial(f"{path}.initContainers", given.get("initContainers") or [], regulars, names, grace_s)
    if given.get("ephemeralContainers"):
        found += containers.ephemeral(f"{path}.ephemeralContainers", given["ephemeralContainers"], given)
    if given.get("hostNetwork"):
        found += containers.host_network(f"{path}.containers", regulars)
    if given.get("restartPolicy") not in _RESTART_POLICIES:
        found.append(_unsupported(f"{path}.restartPolicy", given.get("restartPolicy"), _RESTART_POLICIES))
    if given.get("dnsPolicy") not in _DNS_POLICIES:
        found.append(_unsupported(f"{path}.dnsPolicy", given.get("dnsPolicy"), _DNS_POLICIES))
    if given.get("nodeSelector"):
        found += metadata.label_causes(given["nodeSelector"], f"{path}.nodeSelector")
    found += security.of_pod(given, path)
    if given.get("affinity"):
        found += placement.affinity(given["affinity"], f"{path}.affinity")
    found += pod_options.options(given, path)
    if given.get("topologySpreadConstraints"):
        found += placement.topology_spread(given["topologySpreadConstraints"], f"{path}.topologySpreadConstraints")
    return found + _late(given, path)


def _late(given: Obj, path: str) -> list[Cause]:
    """What the server looks at last."""
    found = security.host_users(given, path) + _names(given, path)
    deadline = given.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _MOST_SECONDS:
        text = f"must be between 1 and {_MOST_SECONDS}, inclusive"
        found.append(causes.invalid(f"{path}.activeDeadlineSeconds", deadline, text))
    for member in ("hostname", "subdomain"):
        if given.get(member):
            texts = label_1123_errors(given[member])
            found += [causes.invalid(f"{path}.{member}", given[member], text) for text in texts]
    if given.get("tolerations"):
        found += placement.tolerations(given["tolerations"], f"{path}.tolerations")
    found += pod_options.host_aliases(given, path)
    if given.get("priorityClassName"):
        texts = subdomain_1123_errors(given["priorityClassName"])
        found += [causes.invalid(f"{path}.priorityClassName", given["priorityClassName"], text) for text in texts]
    return found + pod_options.late_options(given, path)


def _names(given: Mapping[str, Any], path: str) -> list[Cause]:
    return [
        causes.invalid(f"{path}.{member}", given[member], text)
        for member in ("serviceAccountName", "nodeName")
        if given.get(member)
        for text in subdomain_1123_errors(given[member])
    ]


def _unsupported(path: str, value: str | None, allowed: tuple[str, ...]) -> Cause:
    return causes.not_supported(path, value or "", allowed)


def update(new: Obj, old: Obj) -> list[Cause]:
    """What is wrong with a change of a Pod: only images, a shorter deadline and more tolerations are allowed."""
    have, want = old["spec"], new["spec"]
    changes = _annotation_changes(new, old)
    if want == have and _stays(want):
        return _annotations(new["metadata"].get("annotations") or {}, want, "metadata.annotations") + changes
    return whole(new) + changes + _spec_changes(want, have)


_staying: Recent[bool] = Recent(256)
"""Specs in which nothing is wrong when an update leaves them as they are."""


def _stays(given: Obj) -> bool:
    """Whether nothing is wrong with a spec that an update leaves as it is."""
    key = orjson.dumps(given)
    if _staying.get(key):
        return True
    wrong = whole({"metadata": {}, "spec": given}) or _spec_changes(given, given)
    if not wrong:
        _staying.keep(key, True)
    return not wrong


def _spec_changes(want: Obj, have: Obj) -> list[Cause]:
    """What is wrong with a changed spec beside what would be wrong with it in a new pod."""
    found: list[Cause] = []
    for member in ("containers", "initContainers"):
        if len(want.get(member) or ()) != len(have.get(member) or ()):
            found.append(causes.forbidden(f"spec.{member}", "pod updates may not add or remove containers"))
            return found
        found += _images(want.get(member) or [], f"spec.{member}")
    deadline, before = want.get("activeDeadlineSeconds"), have.get("activeDeadlineSeconds")
    longer = _deadline(deadline, before)
    found += longer
    if longer and deadline is not None:
        return found
    found += _added_tolerations(want.get("tolerations") or [], have.get("tolerations") or [])
    found += _removed_gates(want.get("schedulingGates") or [], have.get("schedulingGates") or [])
    if want == have:
        return found
    munged = _munged(want, have)
    if have.get("schedulingGates"):
        found += _placed(munged, have)
    if munged != have:
        text = f"pod updates may not change fields other than {_UPDATABLE}\n{differences.pod_specs(have, munged)}"
        found.append(causes.forbidden("spec", text))
    return found


def _annotation_changes(new: Obj, old: Obj) -> list[Cause]:
    """A mirror pod stays one; what annotations must be is looked at once more."""
    path = f"metadata.annotations[{MIRROR}]"
    want, have = new["metadata"].get("annotations") or {}, old["metadata"].get("annotations") or {}
    found: list[Cause] = []
    if MIRROR in have and want.get(MIRROR) != have[MIRROR]:
        found.append(causes.forbidden(path, "may not remove or update mirror pod annotation"))
    elif MIRROR in want and MIRROR not in have:
        found.append(causes.forbidden(path, "may not add mirror pod annotation"))
    return found + _annotations(want, new["spec"], "metadata.annotations")


def _images(given: list[Obj], path: str) -> list[Cause]:
    found = [
        causes.required(f"{path}[{number}].image")
        for number, container in enumerate(given)
        if not container.get("image")
    ]
    return found + containers.padded_images(path, given)


def _deadline(want: int | None, have: int | None) -> list[Cause]:
    path = "spec.activeDeadlineSeconds"
    if want is None:
        text = "must not update from a positive integer to nil value"
        return [] if have is None else [causes.invalid(path, None, text)]
    if not 0 <= want <= _MOST_SECONDS:
        return [causes.invalid(path, want, f"must be between 0 and {_MOST_SECONDS}, inclusive")]
    if have is not None and have < want:
        return [causes.invalid(path, want, "must be less than or equal to previous value")]
    return []


def _added_tolerations(want: list[Obj], have: list[Obj]) -> list[Cause]:
    def bare(toleration: Obj) -> Obj:
        return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}

    path = "spec.tolerations"
    kept = [bare(toleration) for toleration in want]
    if all(bare(toleration) in kept for toleration in have):
        return placement.tolerations(want, path)
    return [causes.forbidden(path, "existing toleration can not be modified except its tolerationSeconds")]


def _removed_gates(want: list[Obj], have: list[Obj]) -> list[Cause]:
    known = {gate.get("name") for gate in have}
    text = "only deletion is allowed, but found new scheduling gate"
    return [
        causes.forbidden(f"spec.schedulingGates[{number}].name", f"{text} '{gate.get('name', '')}'")
        for number, gate in enumerate(want)
        if gate.get("name") not in known
    ]


def _placed(munged: Obj, have: Obj) -> list[Cause]:
    """A pod that waits behind gates may be bound to fewer nodes; puts what it may change in `munged` back."""
    found: list[Cause] = []
    want, had = munged.get("nodeSelector") or {}, have.get("nodeSelector") or {}
    if any(want.get(key) != value for key, value in had.items()):
        text = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        found.append(causes.invalid("spec.nodeSelector", want, text))
    _put_back(munged, have, "nodeSelector")
    before = have.get("affinity") or {}
    if "nodeAffinity" not in before:
        affinity = {name: rule for name, rule in (munged.get("affinity") or {}).items() if name != "nodeAffinity"}
        if affinity or "affinity" in have:
            munged["affinity"] = affinity
        else:
            munged.pop("affinity", None)
    return found


def _munged(want: Obj, have: Obj) -> Obj:
    """`want` with what may change put back to what it was, in `have`'s terms."""
    munged = dict(want)
    for member in ("containers", "initContainers"):
        if member in want:
            pairs = zip(want[member], have[member], strict=True)
            munged[member] = [{**container, "image": before.get("image")} for container, before in pairs]
    for member in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        _put_back(munged, have, member)
    if have.get("terminationGracePeriodSeconds", 0) < 0 and want.get("terminationGracePeriodSeconds") == 1:
        munged["terminationGracePeriodSeconds"] = have["terminationGracePeriodSeconds"]
    return munged


def _put_back(munged: Obj, have: Obj, member: str) -> None:
    munged.pop(member, None)
    if member in have:
        munged[member] = have[member]


def update_status(new: Obj, old: Obj) -> list[Cause]:
    """What is wrong with a change of a Pod's status."""
    found = _annotation_changes(new, old)
    status, before = new.get("status") or {}, old.get("status") or {}
    for number, condition in enumerate(status.get("conditions") or ()):
        kind = condition.get("type", "")
        if kind not in _CONDITIONS:
            where = f"metadata.conditions[{number}].Type"  # where the server says it is
            found += [causes.invalid(where, kind, text) for text in label_key_errors(kind)]
    if new["spec"].get("nodeName") != old["spec"].get("nodeName"):
        found.append(causes.forbidden("status.nodeName", "may not be changed directly"))
    nominated = status.get("nominatedNodeName")
    if nominated and nominated != before.get("nominatedNodeName"):
        path = "status.nominatedNodeName"
        found += [causes.invalid(path, nominated, text) for text in subdomain_1123_errors(nominated)]
    if status.get("qosClass") != before.get("qosClass"):
        found.append(causes.invalid("status.qosClass", status.get("qosClass", ""), "field is immutable"))
    policy = old["spec"].get("restartPolicy", "")
    found += _restarts(status, before, "containerStatuses", policy)
    found += _restarts(status, before, "ephemeralContainerStatuses", "Never")
    return found + [
        cause
        for number, entry in enumerate(status.get("podIPs") or ())
        for cause in pod_options.address(f"status.podIPs[{number}]", entry.get("ip", ""))
    ]


def _restarts(status: Obj, before: Obj, member: str, policy: str) -> list[Cause]:
    """A container that has ended for good does not run again."""
    if policy == "Always":
        return []
    running = {one.get("name") for one in status.get(member) or () if "terminated" not in (one.get("state") or {})}
    return [
        causes.forbidden(f"status.{member}[{number}].state", "may not be transitioned to non-terminated state")
        for number, one in enumerate(before.get(member) or ())
        if (ended := (one.get("state") or {}).get("terminated")) is not None
        and not (ended.get("exitCode") and policy == "OnFailure")
        and one.get("name") in running
    ]
