"""Joins OpenAPI definitions and Go types into the compact schema text. Called by `scripts/schema` and its test.

The grammar of the text is told in `backends.fake.schema.types`, which reads it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from backends.fake.schema.derive.gobinary import GoBinary, GoField, GoType

VERSION = "1.34"
_STABLE = re.compile(r"^v\d+$")
_TAG = re.compile(r'json:"([^"]*)"')
MARSHALERS = {
    "k8s.io/apimachinery/pkg/apis/meta/v1.Time": "time",
    "k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime": "microtime",
    "k8s.io/apimachinery/pkg/apis/meta/v1.Duration": "duration",
    "k8s.io/apimachinery/pkg/api/resource.Quantity": "quantity",
    "k8s.io/apimachinery/pkg/util/intstr.IntOrString": "intstr",
    "k8s.io/apimachinery/pkg/runtime.RawExtension": "raw",
    "k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1": "raw",
}
_OPAQUE_REFERENCES = {
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "intstr",
}
_ALWAYS_PRESENT = {"metadata", "spec", "status"}

Definition = Mapping[str, Any]


def definitions() -> dict[str, Definition]:
    """The OpenAPI definitions of Kubernetes `VERSION`, as `kubernetes-validate` ships them."""
    root = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{VERSION}.0-local" / "_definitions.json"
    loaded: dict[str, Definition] = json.loads(root.read_text())["$defs"]
    return loaded


def compact(specs: Mapping[str, Definition], kubectl: Path) -> str:
    """The compact schema as JSON text: one line a kind, one line a type, sorted, so that a change reads as a diff."""
    joiner = _Joiner(specs, GoBinary(kubectl))
    kinds = dict(sorted(served_kinds(specs)))
    joiner.reach(sorted(set(kinds.values())))
    lines = [f'{{"kubernetes":"{VERSION}",', '"kinds":{']
    lines += _members({kind: short_name(name) for kind, name in kinds.items()})
    lines += ["},", '"types":{']
    lines += _members({short_name(name): entry for name, entry in sorted(joiner.types.items())})
    return "\n".join([*lines, "}}", ""])


def _members(entries: Mapping[str, object]) -> list[str]:
    texts = [f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in entries.items()]
    return [f"{text}," for text in texts[:-1]] + texts[-1:]


def served_kinds(specs: Mapping[str, Definition]) -> Iterator[tuple[str, str]]:
    """The kinds of stable versions, `group/version/Kind`, and the OpenAPI names of their types."""
    for name, spec in specs.items():
        for gvk in spec.get("x-kubernetes-group-version-kind", ()):
            if _STABLE.match(gvk["version"]):
                yield f"{gvk['group']}/{gvk['version']}/{gvk['kind']}", name


def short_name(name: str) -> str:
    """A type's name in the compact file."""
    return name.removeprefix("io.k8s.").removeprefix("api.").replace("apimachinery.pkg.apis.", "")


def go_path(name: str) -> str:
    """Where Go has the type of an OpenAPI name: `k8s.io/api/core/v1.Pod`."""
    words = name.split(".")
    head = 3 if name.startswith("io.k8s.api.") else 2
    prefix = "k8s.io/api/" if head == 3 else "k8s.io/"
    return f"{prefix}{'/'.join(words[head:-1])}.{words[-1]}"


class _Joiner:
    """Collects the types that the wanted kinds reach, each described by both sources."""

    def __init__(self, specs: Mapping[str, Definition], binary: GoBinary) -> None:
        self._specs = specs
        self._binary = binary
        self._structs = binary.structs()
        self._names = {go_path(name): name for name in specs}
        self._pending: list[str] = []
        self.types: dict[str, list[object]] = {}

    def reach(self, names: list[str]) -> None:
        """Describe `names` and whatever they refer to."""
        self._pending = list(names)
        while self._pending:
            name = self._pending.pop()
            if name not in self.types:
                self.types[name] = self._describe(name)

    def _describe(self, name: str) -> list[object]:
        spec = self._specs[name]
        known = dict(self._flat(self._structs[go_path(name)])) if go_path(name) in self._structs else {}
        properties = spec.get("properties", {})
        go_name = self._structs[go_path(name)].name if known else _fallback_go_name(name)
        required = set(spec.get("required", ()))
        ordered = [key for key in known if key in properties] + [key for key in properties if key not in known]
        fields = [self._field(key, properties[key], known.get(key), key in required) for key in ordered]
        whole = spec.get("x-kubernetes-map-type") == "atomic"
        return [go_name, fields, "atomic"] if whole else [go_name, fields]

    def _flat(self, of: GoType) -> Iterator[tuple[str, GoField]]:
        for field in self._binary.fields(of):
            match = _TAG.search(field.tag)
            key = match.group(1).split(",")[0] if match else ""
            if field.embedded and not key:
                yield from self._flat(field.type)
            elif key and key != "-":
                yield key, field

    def _field(self, key: str, spec: Definition, field: GoField | None, required: bool) -> list[object]:
        if field is None:
            expression, flags = self._from_spec(key, spec, required)
        else:
            expression, flags = self._from_go(field)
        flags += "r" if required else ""
        merge = {
            short: spec[long]
            for short, long in (
                ("key", "x-kubernetes-patch-merge-key"),
                ("strategy", "x-kubernetes-patch-strategy"),
                ("list", "x-kubernetes-list-type"),
                ("keys", "x-kubernetes-list-map-keys"),
                ("map", "x-kubernetes-map-type"),
            )
            if long in spec
        }
        return [key, expression, flags, merge] if merge else [key, expression, flags]

    def _from_go(self, field: GoField) -> tuple[str, str]:
        match = _TAG.search(field.tag)
        options = match.group(1).split(",")[1:] if match else []
        kind, flags = field.type, ""
        if kind.kind == "ptr":
            kind, flags = self._binary.element(kind), "*"
        flags += ("o" if "omitempty" in options else "") + ("z" if "omitzero" in options else "")
        return self._expression(kind), flags

    def _expression(self, kind: GoType) -> str:
        if kind.kind == "struct":
            return self._struct(kind)
        if kind.kind in ("slice", "map"):
            return self._container(kind)
        if kind.kind == "interface":
            return "raw"
        if kind.kind == "ptr":
            return self._expression(self._binary.element(kind))
        return kind.kind if kind.name == kind.kind else f"{kind.kind}={kind.name}"

    def _struct(self, kind: GoType) -> str:
        path = self._binary.path(kind)
        if path in MARSHALERS:
            return MARSHALERS[path]
        name = self._names[path]
        self._pending.append(name)
        return f"@{short_name(name)}"

    def _container(self, kind: GoType) -> str:
        element = self._binary.element(kind)
        if kind.kind == "slice" and element.kind == "uint8":
            return "bytes"
        opening, usual = ("[]", f"[]{element.name}") if kind.kind == "slice" else ("{}", f"map[string]{element.name}")
        named = "" if kind.name == usual else f"{kind.name}:"
        return f"{named}{opening}{self._expression(element)}"

    def _from_spec(self, key: str, spec: Definition, required: bool) -> tuple[str, str]:
        expression = self._spec_expression(spec)
        if required or (expression.startswith("@") and key in _ALWAYS_PRESENT):
            return expression, ""
        pointer = "" if expression == "string" or expression[:2] in ("[]", "{}") else "*"
        return expression, f"{pointer}o"

    def _spec_expression(self, spec: Definition) -> str:
        if "$ref" in spec:
            name = spec["$ref"].rpartition("/")[2]
            if name in _OPAQUE_REFERENCES:
                return _OPAQUE_REFERENCES[name]
            if "properties" not in self._specs[name]:
                return "raw"
            self._pending.append(name)
            return f"@{short_name(name)}"
        kind = spec.get("type")
        kind = next(word for word in kind if word != "null") if isinstance(kind, list) else kind
        if kind == "array":
            return f"[]{self._spec_expression(spec['items'])}"
        if kind == "object":
            return (
                f"{{}}{self._spec_expression(spec['additionalProperties'])}"
                if "additionalProperties" in spec
                else "raw"
            )
        scalars = {"byte": "bytes", "int32": "int32", "int64": "int64", "double": "float64", "date-time": "time"}
        plain = {"boolean": "bool", "integer": "int64", "number": "float64", "string": "string"}
        return scalars.get(spec.get("format", ""), plain.get(str(kind), "raw"))


def _fallback_go_name(name: str) -> str:
    words = name.split(".")
    return f"{words[-2]}.{words[-1]}"
