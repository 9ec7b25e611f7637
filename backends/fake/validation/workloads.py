"""Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController: defaults and rules.

Rules: pkg/apis/apps/v1/defaults.go and pkg/apis/apps/validation/validation.go; what registry strategies add on update
(the immutable selector) is here too.
"""

from __future__ import annotations

from typing import Any

from backends.fake.validation import causes, label_selectors, pod_defaults, pods, quantities, storage
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_1123_errors

Obj = dict[str, Any]

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
"""The annotation of a DaemonSet that counts its templates."""
_TEMPLATE = "spec.template"
_RETENTIONS = ("Retain", "Delete")
_STATEFUL_UPDATABLE = (
    "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
    "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'"
)
_STATEFUL_MUTABLE = frozenset({
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
})  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- defaults


def deployment_defaults(obj: Obj) -> None:
    """One replica, rolling update by quarters, ten revisions, ten minutes."""
    spec = obj["spec"]
    pod_defaults.template(spec["template"])
    spec.setdefault("replicas", 1)
    strategy = spec["strategy"]
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)


def replica_set_defaults(obj: Obj) -> None:
    """One replica."""
    pod_defaults.template(obj["spec"]["template"])
    obj["spec"].setdefault("replicas", 1)


def replication_controller_defaults(obj: Obj) -> None:
    """Selector and labels follow the template."""
    spec = obj["spec"]
    template = spec.get("template")
    if template is not None:
        pod_defaults.template(template)
        labels = template["metadata"].get("labels")
        if labels:
            spec.setdefault("selector", dict(labels))
            obj["metadata"].setdefault("labels", dict(labels))
    spec.setdefault("replicas", 1)


def stateful_set_defaults(obj: Obj) -> None:
    """Ordered, rolling update from the end, claims are retained."""
    spec = obj["spec"]
    pod_defaults.template(spec["template"])
    for claim in spec.get("volumeClaimTemplates") or ():
        claim["spec"].setdefault("volumeMode", "Filesystem")
        claim["status"].setdefault("phase", "Pending")
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec["updateStrategy"]
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    # Behind a feature gate that is off by default, so the server drops it.
    (strategy.get("rollingUpdate") or {}).pop("maxUnavailable", None)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)


def daemon_set_defaults(obj: Obj) -> None:
    """Rolling update, one node at a time."""
    spec = obj["spec"]
    pod_defaults.template(spec["template"])
    strategy = spec["updateStrategy"]
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    # The internal form has a number for it, and so the written form always has the annotation.
    obj.setdefault("metadata", {}).setdefault("annotations", {}).setdefault(TEMPLATE_GENERATION, "0")


# ------------------------------------------------------------------------------------------------------------- rules


def deployment(obj: Obj) -> list[Cause]:
    """The spec of a Deployment."""
    spec = obj["spec"]
    found = causes.at_least_zero("spec.replicas", spec.get("replicas"))
    found += _selected_template(spec, "deployment", "ReplicaSet")
    found += _strategy(spec["strategy"])
    found += causes.at_least_zero("spec.minReadySeconds", spec.get("minReadySeconds"))
    found += causes.at_least_zero("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        found += causes.at_least_zero("spec.progressDeadlineSeconds", deadline)
        if deadline <= spec.get("minReadySeconds", 0):
            text = "must be greater than minReadySeconds"
            found.append(causes.invalid("spec.progressDeadlineSeconds", deadline, text))
    return found


def _strategy(strategy: Obj) -> list[Cause]:
    path = "spec.strategy"
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if kind == "Recreate":
        text = "may not be specified when strategy `type` is 'Recreate'"
        return [] if rolling is None else [causes.forbidden(f"{path}.rollingUpdate", text)]
    if kind != "RollingUpdate":
        return [causes.not_supported(path, _internal_strategy(strategy), ("Recreate", "RollingUpdate"))]
    rolling = rolling or {}
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    found = quantities.count_or_percent(f"{path}.rollingUpdate.maxUnavailable", unavailable)
    found += quantities.count_or_percent(f"{path}.rollingUpdate.maxSurge", surge)
    if quantities.share(unavailable) == 0 and quantities.share(surge) == 0:
        text = "may not be 0 when `maxSurge` is 0"
        found.append(causes.invalid(f"{path}.rollingUpdate.maxUnavailable", unavailable, text))
    return found + quantities.at_most_all(f"{path}.rollingUpdate.maxUnavailable", unavailable)


def _internal_strategy(strategy: Obj) -> Obj:
    """A strategy as the server's own type prints it."""
    rolling = strategy.get("rollingUpdate")
    shown = rolling and {name[0].upper() + name[1:]: value for name, value in rolling.items()}
    return {"Type": strategy.get("type", ""), "RollingUpdate": shown or None}


def replica_set(obj: Obj) -> list[Cause]:
    """The spec of a ReplicaSet."""
    spec = obj["spec"]
    found = causes.at_least_zero("spec.replicas", spec.get("replicas"))
    found += causes.at_least_zero("spec.minReadySeconds", spec.get("minReadySeconds"))
    return found + _selected_template(spec, "deployment", "ReplicaSet")


def replication_controller(obj: Obj) -> list[Cause]:
    """The spec of a ReplicationController, whose selector is a plain map."""
    spec = obj["spec"]
    selector, template = spec.get("selector") or {}, spec.get("template")
    found = causes.at_least_zero("spec.minReadySeconds", spec.get("minReadySeconds"))
    if not selector:
        found.append(causes.required("spec.selector"))
    found += causes.at_least_zero("spec.replicas", spec.get("replicas"))
    if template is None:
        return [*found, causes.required(_TEMPLATE)]
    labels = template["metadata"].get("labels")
    if selector and not label_selectors.selects({"matchLabels": selector}, labels):
        found.append(_unmatched(labels))
    return found + pods.template(template, _TEMPLATE) + _always_running(template, "ReplicationController")


def stateful_set(obj: Obj) -> list[Cause]:
    """The spec of a StatefulSet, its claims, and its pods as they are with volumes of these claims."""
    return _stateful_spec(obj["spec"])


def _stateful_spec(spec: Obj, *, new: bool = True, whole: bool = True) -> list[Cause]:
    """What is wrong with the spec of a set, `new` or changed; not `whole`: claims and pods were wrong before."""
    found: list[Cause] = []
    if spec.get("podManagementPolicy") not in ("OrderedReady", "Parallel"):
        policy = spec.get("podManagementPolicy", "")
        found.append(causes.invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"))
    found += _stateful_strategy(spec["updateStrategy"]) + _retention(spec["persistentVolumeClaimRetentionPolicy"])
    claims = spec.get("volumeClaimTemplates") or []
    if whole:
        for number, claim in enumerate(claims):
            found += storage.claim_spec(claim["spec"], f"spec.volumeClaimTemplates[{number}].spec")
    found += causes.at_least_zero("spec.replicas", spec.get("replicas"))
    found += causes.at_least_zero("spec.minReadySeconds", spec.get("minReadySeconds"))
    found += causes.at_least_zero("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
    service = spec.get("serviceName")
    if new and service:
        found += [causes.invalid("spec.serviceName", service, text) for text in label_1123_errors(service)]
    selector, template = spec.get("selector"), spec["template"]
    found += _selector(selector, "statefulset")
    if label_selectors.sound("spec.selector", selector):
        found.append(causes.invalid("spec.selector", selector, ""))
    else:
        found += _selects(selector, template)
        found += (
            pods.template(_with_claims(template, claims), _TEMPLATE)
            if whole
            else pods.template_metadata(template, _TEMPLATE)
        )
    return found + _always_running(template, "StatefulSet")


def _with_claims(template: Obj, claims: list[Obj]) -> Obj:
    """A template whose pods have a volume for each claim, in place of one of the same name."""
    if not claims:
        return template
    names = [claim["metadata"].get("name", "") for claim in claims]
    kept = [volume for volume in template["spec"].get("volumes") or () if volume.get("name") not in names]
    made = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
    return {**template, "spec": {**template["spec"], "volumes": [*kept, *made]}}


def _stateful_strategy(strategy: Obj) -> list[Cause]:
    path = "spec.updateStrategy"
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if kind == "OnDelete":
        text = "only allowed for updateStrategy 'RollingUpdate'"
        shown = {"Partition": (rolling or {}).get("partition", 0), "MaxUnavailable": None}
        return [] if rolling is None else [causes.invalid(f"{path}.rollingUpdate", shown, text)]
    if kind != "RollingUpdate":
        return [causes.invalid(path, _internal_strategy(strategy), "must be 'RollingUpdate' or 'OnDelete'")]
    return causes.at_least_zero(f"{path}.rollingUpdate.partition", (rolling or {}).get("partition"))


def _retention(policy: Obj) -> list[Cause]:
    path = "spec.persistentVolumeClaimRetentionPolicy"
    return [
        causes.not_supported(f"{path}.{name}", policy.get(name, ""), _RETENTIONS)
        for name in ("whenDeleted", "whenScaled")
        if policy.get(name) not in _RETENTIONS
    ]


def daemon_set(obj: Obj) -> list[Cause]:
    """The spec of a DaemonSet."""
    spec = obj["spec"]
    selector, template = spec.get("selector"), spec["template"]
    found = label_selectors.sound("spec.selector", selector)
    if not found:
        found += _selects(selector, template)
    if selector is not None and label_selectors.empty(selector):
        found.append(causes.invalid("spec.selector", selector, "empty selector is invalid for daemonset"))
    found += pods.template(template, _TEMPLATE) + _always_running(template, "DaemonSet")
    found += causes.at_least_zero("spec.minReadySeconds", spec.get("minReadySeconds"))
    found += _daemon_strategy(spec["updateStrategy"])
    return found + causes.at_least_zero("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))


def _daemon_strategy(strategy: Obj) -> list[Cause]:
    path = "spec.updateStrategy"
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if kind == "OnDelete":
        return []
    if kind != "RollingUpdate":
        return [causes.not_supported(path, _internal_strategy(strategy), ("RollingUpdate", "OnDelete"))]
    unavailable, surge = (rolling or {}).get("maxUnavailable"), (rolling or {}).get("maxSurge")
    path += ".rollingUpdate"
    found: list[Cause] = []
    for name, value in (("maxUnavailable", unavailable), ("maxSurge", surge)):
        if quantities.share(value) or isinstance(value, str):
            found += quantities.count_or_percent(f"{path}.{name}", value)
            found += quantities.at_most_all(f"{path}.{name}", value)
    if quantities.share(unavailable) and quantities.share(surge):
        text = "may not be set when maxUnavailable is non-zero"
        found.append(causes.invalid(f"{path}.maxSurge", surge, text))
    if not quantities.share(unavailable) and not quantities.share(surge):
        found.append(causes.required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return found


def _selected_template(spec: Obj, kind: str, owner: str) -> list[Cause]:
    """A selector that is there and selects the template, and a template that can run for ever.

    Behind a selector that nobody can use the server does not look at the template.
    """
    template, selector = spec["template"], spec.get("selector")
    found = _selector(selector, kind)
    if label_selectors.sound("spec.selector", selector):
        return [*found, causes.invalid("spec.selector", selector, "invalid label selector")]
    found += _selects(selector, template)
    return found + pods.template(template, _TEMPLATE) + _always_running(template, owner)


def _selector(selector: Obj | None, kind: str) -> list[Cause]:
    """A selector that is there and selects something."""
    if selector is None:
        return [causes.required("spec.selector")]
    found = label_selectors.sound("spec.selector", selector)
    if label_selectors.empty(selector):
        found.append(causes.invalid("spec.selector", selector, f"empty selector is invalid for {kind}"))
    return found


def _selects(selector: Obj | None, template: Obj) -> list[Cause]:
    labels = template["metadata"].get("labels")
    return [] if label_selectors.selects(selector, labels) else [_unmatched(labels)]


def _unmatched(labels: Obj | None) -> Cause:
    return causes.invalid(f"{_TEMPLATE}.metadata.labels", labels, "`selector` does not match template `labels`")


def _always_running(template: Obj, owner: str) -> list[Cause]:
    found: list[Cause] = []
    policy = template["spec"].get("restartPolicy", "")
    if policy != "Always":
        found.append(causes.not_supported(f"{_TEMPLATE}.spec.restartPolicy", policy, ("Always",)))
    if template["spec"].get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {owner} is not Supported"
        found.append(causes.forbidden(f"{_TEMPLATE}.spec.activeDeadlineSeconds", text))
    return found


# ----------------------------------------------------------------------------------------------------------- updates


def deployment_update(new: Obj, old: Obj) -> list[Cause]:
    """A Deployment keeps its selector."""
    return deployment(new) + _same_selector(new, old)


def replica_set_update(new: Obj, old: Obj) -> list[Cause]:
    """A ReplicaSet keeps its selector."""
    return replica_set(new) + _same_selector(new, old)


def replication_controller_update(new: Obj, old: Obj) -> list[Cause]:
    """A ReplicationController may change everything."""
    del old
    return replication_controller(new)


def daemon_set_update(new: Obj, old: Obj) -> list[Cause]:
    """A DaemonSet keeps its selector."""
    return daemon_set(new) + _same_selector(new, old)


def stateful_set_update(new: Obj, old: Obj) -> list[Cause]:
    """A StatefulSet keeps all that its pods' identity hangs on."""
    want, have = new["spec"], old["spec"]
    found = _stateful_spec(want, new=False, whole=not _stateful_spec(have, new=False))
    if any(want.get(key) != have.get(key) for key in want.keys() | have.keys() if key not in _STATEFUL_MUTABLE):
        text = f"updates to statefulset spec for fields other than {_STATEFUL_UPDATABLE} are forbidden"
        found.append(causes.forbidden("spec", text))
    return found


def _same_selector(new: Obj, old: Obj) -> list[Cause]:
    selector = new["spec"].get("selector")
    if selector == old["spec"].get("selector"):
        return []
    return [causes.invalid("spec.selector", selector, "field is immutable")]


def controller_revision(obj: Obj) -> list[Cause]:
    """A revision has data and a number."""
    found = [] if obj.get("data") is not None else [causes.required("data", "data is mandatory")]
    return found + causes.at_least_zero("revision", obj.get("revision"))


def controller_revision_update(new: Obj, old: Obj) -> list[Cause]:
    """The data of a revision stays; its number may change."""
    found = controller_revision(new)
    if new.get("data") != old.get("data"):
        found.append(causes.invalid("data", new.get("data"), "field is immutable"))
    return found
