"""DefaultTolerationSeconds and TaintNodesByCondition: what pods and nodes get because of nodes that are away.

plugin/pkg/admission/defaulttolerationseconds and nodetaint.
"""

from __future__ import annotations

from typing import Any

from backends.fake.admission.attributes import CREATE, UPDATE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Resource

Obj = dict[str, Any]

UNREACHABLE_AFTER_S = 300
"""--default-not-ready-toleration-seconds and --default-unreachable-toleration-seconds."""
_NO_NODE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


class DefaultTolerationSeconds(Base):
    """A pod stays five minutes on a node that is away."""

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """Pods."""
        wanted = resource.storage == ("", "pods") and not subresource and operation in (CREATE, UPDATE)
        return _tolerate if wanted else None


class TaintNodesByCondition(Base):
    """A new node is not ready until the node controller has looked."""

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """New nodes."""
        return _taint if resource.storage == ("", "nodes") and not subresource and operation == CREATE else None


def _tolerate(write: Attributes) -> None:
    spec = write.obj.get("spec")
    if not isinstance(spec, dict):
        return
    tolerations = list(spec.get("tolerations") or [])
    tolerated = {one.get("key") or "" for one in tolerations if one.get("effect") in ("NoExecute", None, "")}
    if "" not in tolerated:
        tolerations += [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": UNREACHABLE_AFTER_S}
            for key in _NO_NODE
            if key not in tolerated
        ]
    spec["tolerations"] = tolerations


def _taint(write: Attributes) -> None:
    obj = write.obj
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        spec = obj["spec"] = {}
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    taints = spec.get("taints") or []
    if taint not in taints:
        spec["taints"] = [*taints, taint]
