"""Definitions for the tests of custom resources, and a door that has one."""

from __future__ import annotations

from typing import Any

from tests.unit.backends.fake.door import Answer, Door

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "example.com"
WIDGETS = f"/apis/{GROUP}/v1/namespaces/default/widgets"

Obj = dict[str, Any]


def version(name: str = "v1", schema: Obj | None = None, *, storage: bool = True, **more: Any) -> Obj:
    """A served version with this schema of the spec."""
    wanted = {"type": "object"} if schema is None else schema
    root = {"type": "object", "properties": {"spec": wanted, "status": {"type": "object"}}}
    root["properties"]["status"]["x-kubernetes-preserve-unknown-fields"] = True  # type: ignore[index]
    return {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": root}, **more}


def definition(*versions: Obj, plural: str = "widgets", **spec: Any) -> Obj:
    """A definition with these versions."""
    names = {"plural": plural, "kind": "Widget", **spec.pop("names", {})}
    given = {"group": GROUP, "scope": "Namespaced", "names": names, "versions": list(versions) or [version()], **spec}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return {**head, "metadata": {"name": f"{plural}.{given['group']}"}, "spec": given}


def widget(name: str = "w", spec: Obj | None = None, **more: Any) -> Obj:
    """A custom resource."""
    return {"apiVersion": f"{GROUP}/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec or {}, **more}


def serving(*versions: Obj, **spec: Any) -> Door:
    """A door to a cluster that serves a definition."""
    door = Door()
    made = door.ask("POST", CRDS, definition(*versions, **spec))
    assert made.code == 201, made.body
    return door


def causes(answer: Answer) -> list[tuple[str, str]]:
    """Field and message of each cause of a refusal."""
    assert answer.code == 422, answer.body
    return [(one["field"], one["message"]) for one in answer.body["details"]["causes"]]
