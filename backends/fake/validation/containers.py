"""The rules of containers. Rules: `validateContainers` and what it calls in pkg/apis/core/validation/validation.go."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from backends.fake.validation import causes, pod_fields, quantities, security
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import config_key_errors, label_1123_errors, subdomain_1123_errors

Obj = Mapping[str, Any]

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_ENV_NAME_TEXT = "a valid environment variable name must consist only of printable ASCII characters other than '='"
_HEADER_TEXT = (
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
    "validation is '[-A-Za-z0-9]+')"
)
_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_READ_ONLY = ("Disabled", "Enabled", "IfPossible")
_RESIZED = ("cpu", "memory")
_RESIZING = ("NotRequired", "RestartContainer")
_NOT_EPHEMERAL = "cannot be set for an Ephemeral Container"
_WORK = (
    "ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules", "livenessProbe", "readinessProbe",
    "startupProbe", "lifecycle",
)  # fmt: skip
"""What a container that does the pod's work may have, in the order of EphemeralContainerCommon."""
_ENV_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef")


def regular(path: str, given: list[Obj], volumes: Collection[str], grace_s: int) -> list[Cause]:
    """The containers of a pod that gets `grace_s` to end: at least one, with names of their own."""
    if not given:
        return [causes.required(path)]
    found: list[Cause] = []
    names: set[str] = set()
    for number, container in enumerate(given):
        where = f"{path}[{number}]"
        found += _common(where, container, volumes)
        found += _own_name(where, container, names)
        found += _lifecycle(f"{where}.lifecycle", container.get("lifecycle"), grace_s)
        found += _probes(where, container)
        if container.get("restartPolicy") is not None:
            found.append(causes.forbidden(f"{where}.restartPolicy", "may not be set for non-init containers"))
    return found + _host_ports(path, given)


def initial(path: str, given: list[Obj], regulars: list[Obj], volumes: Collection[str], grace_s: int) -> list[Cause]:
    """The init containers: names differ from the others' too; probes only for those that keep running."""
    found: list[Cause] = []
    names = {container.get("name", "") for container in regulars}
    for number, container in enumerate(given):
        where = f"{path}[{number}]"
        found += _common(where, container, volumes)
        if container.get("restartPolicy") not in (None, "Always"):
            found.append(causes.not_supported(f"{where}.restartPolicy", container["restartPolicy"], ("Always",)))
        found += _own_name(where, container, names)
        found += _host_ports(path, [container])  # they run one by one; the server names the first whichever it is
        if container.get("restartPolicy") == "Always":
            found += _lifecycle(f"{where}.lifecycle", container.get("lifecycle"), grace_s)
            found += _probes(where, container)
        else:
            found += [
                causes.forbidden(f"{where}.{name}", "may not be set for init containers without restartPolicy=Always")
                for name in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
                if name in container
            ]
    return found


def ephemeral(path: str, given: Sequence[Obj], spec: Obj) -> list[Cause]:
    """The ephemeral containers of a pod with this spec (validateEphemeralContainers): only what debugging needs."""
    found: list[Cause] = []
    others = {one.get("name", "") for kind in ("containers", "initContainers") for one in spec.get(kind) or []}
    names = set(others)
    volumes = {one.get("name", "") for one in spec.get("volumes") or []}
    for number, container in enumerate(given):
        where = f"{path}[{number}]"
        found += _common(where, container, volumes) + padded_images(path, given, number)
        found += _own_name(where, container, names)
        target = container.get("targetContainerName")
        if target and target not in others:
            found.append(causes.not_found(f"{where}.targetContainerName", target))
        found += [causes.forbidden(f"{where}.{name}", _NOT_EPHEMERAL) for name in _WORK if container.get(name)]
        found += [
            causes.forbidden(f"{where}.volumeMounts[{index}].{name}", _NOT_EPHEMERAL)
            for index, mount in enumerate(container.get("volumeMounts") or [])
            for name in ("subPath", "subPathExpr")
            if mount.get(name)
        ]
    return found


def padded_images(path: str, given: Sequence[Obj], *numbers: int) -> list[Cause]:
    """Images with blanks around them, which a template may have and a pod may not; of all or some containers."""
    text = "must not have leading or trailing whitespace"
    return [
        causes.invalid(f"{path}[{number}].image", given[number]["image"], text)
        for number in numbers or range(len(given))
        if (image := given[number].get("image", "")) != image.strip()
    ]


def _own_name(where: str, container: Obj, names: set[str]) -> list[Cause]:
    name = container.get("name", "")
    if name in names:
        return [causes.duplicate(f"{where}.name", name)]
    names.add(name)
    return []


def _common(where: str, container: Obj, volumes: Collection[str]) -> list[Cause]:
    found: list[Cause] = []
    name, image = container.get("name", ""), container.get("image", "")
    if not name:
        found.append(causes.required(f"{where}.name"))
    else:
        found += [causes.invalid(f"{where}.name", name, text) for text in label_1123_errors(name)]
    if not image:
        found.append(causes.required(f"{where}.image"))
    policy = container.get("terminationMessagePolicy", "")
    if policy not in _MESSAGE_POLICIES:
        found.append(causes.not_supported(f"{where}.terminationMessagePolicy", policy, _MESSAGE_POLICIES))
    if container.get("ports"):
        found += _ports(f"{where}.ports", container["ports"])
    if container.get("env"):
        found += _env(f"{where}.env", container["env"])
    if container.get("envFrom"):
        found += _env_from(f"{where}.envFrom", container["envFrom"])
    if container.get("volumeMounts"):
        found += _mounts(f"{where}.volumeMounts", container, volumes)
    return found + _running(where, container)


def _running(where: str, container: Obj) -> list[Cause]:
    """How the container is run, the last of what all kinds of containers have."""
    found: list[Cause] = []
    pull = container.get("imagePullPolicy", "")
    if pull not in _PULL_POLICIES:
        found.append(causes.not_supported(f"{where}.imagePullPolicy", pull, _PULL_POLICIES))
    if container.get("resources"):
        found += quantities.resources(f"{where}.resources", container["resources"])
    if container.get("resizePolicy"):
        found += _resizing(f"{where}.resizePolicy", container["resizePolicy"])
    if container.get("securityContext"):
        found += security.of_container(container["securityContext"], f"{where}.securityContext")
    return found


def _ports(path: str, given: list[Obj]) -> list[Cause]:
    found: list[Cause] = []
    names: set[str] = set()
    for number, port in enumerate(given):
        where = f"{path}[{number}]"
        name = port.get("name", "")
        errors = quantities.port_name_errors(name) if name else []
        found += [causes.invalid(f"{where}.name", name, text) for text in errors]
        if name and not errors:
            found += _own_name(where, port, names)
        container_port, host_port = port.get("containerPort", 0), port.get("hostPort", 0)
        if container_port == 0:
            found.append(causes.required(f"{where}.containerPort"))
        else:
            found += quantities.port_or_name(f"{where}.containerPort", container_port)
        if host_port:
            found += quantities.port_or_name(f"{where}.hostPort", host_port)
        if port.get("protocol") not in _PROTOCOLS:
            found.append(causes.not_supported(f"{where}.protocol", port.get("protocol", ""), _PROTOCOLS))
    return found


def _host_ports(path: str, given: list[Obj]) -> list[Cause]:
    found: list[Cause] = []
    taken: set[str] = set()
    for number, container in enumerate(given):
        for place, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort"):
                key = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}"
                if key in taken:
                    found.append(causes.duplicate(f"{path}[{number}].ports[{place}].hostPort", key))
                taken.add(key)
    return found


def host_network(path: str, given: list[Obj]) -> list[Cause]:
    """In the host's network a container's port is the host's."""
    text = "must match `containerPort` when `hostNetwork` is true"
    return [
        causes.invalid(f"{path}[{number}].ports[{place}].hostPort", port["hostPort"], text)
        for number, container in enumerate(given)
        for place, port in enumerate(container.get("ports") or ())
        if port.get("hostPort") and port["hostPort"] != port.get("containerPort")
    ]


def _env(path: str, given: list[Obj]) -> list[Cause]:
    found: list[Cause] = []
    for number, variable in enumerate(given):
        name = variable.get("name", "")
        if not name:
            found.append(causes.required(f"{path}[{number}].name"))
        elif not _is_variable(name):
            found.append(causes.invalid(f"{path}[{number}].name", name, _ENV_NAME_TEXT))
        if variable.get("valueFrom") is not None:
            found += _value_from(f"{path}[{number}].valueFrom", variable["valueFrom"], variable.get("value", ""))
    return found


def _is_variable(name: str) -> bool:
    return name.isascii() and name.isprintable() and "=" not in name


def _resizing(path: str, given: list[Obj]) -> list[Cause]:
    """What happens to a container whose resources change, once for each resource."""
    found: list[Cause] = []
    seen: set[str] = set()
    for number, policy in enumerate(given):
        name, how = policy.get("resourceName", ""), policy.get("restartPolicy", "")
        if name in seen:
            found.append(causes.duplicate(f"{path}[{number}]", name))
        seen.add(name)
        for value, allowed in ((name, _RESIZED), (how, _RESIZING)):
            if not value:
                found.append(causes.required(path))
            elif value not in allowed:
                found.append(causes.not_supported(path, value, allowed))
    return found


def _value_from(path: str, source: Obj, value: str) -> list[Cause]:
    found: list[Cause] = []
    named = [name for name in _ENV_SOURCES if name in source]
    for name in named:
        where = f"{path}.{name}"
        if name == "fieldRef":
            found += pod_fields.field(where, source[name], pod_fields.IN_VARIABLES)
        elif name == "resourceFieldRef":
            found += pod_fields.resource(where, source[name])
        else:
            found += _key_ref(where, source[name])
    if not named:
        text = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        found.append(causes.invalid(path, "", text))
    elif value:
        found.append(causes.invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(named) > 1:
        found.append(causes.invalid(path, "", "may not have more than one field specified at a time"))
    return found


def _key_ref(path: str, reference: Obj) -> list[Cause]:
    name = reference.get("name", "")
    found = [causes.invalid(f"{path}.name", name, text) for text in subdomain_1123_errors(name)]
    key = reference.get("key", "")
    if not key:
        return [*found, causes.required(f"{path}.key")]
    return found + [causes.invalid(f"{path}.key", key, text) for text in config_key_errors(key)]


def _env_from(path: str, given: list[Obj]) -> list[Cause]:
    found: list[Cause] = []
    for number, source in enumerate(given):
        where = f"{path}[{number}]"
        prefix = source.get("prefix", "")
        if prefix and not _is_variable(prefix):
            found.append(causes.invalid(f"{where}.prefix", prefix, _ENV_NAME_TEXT))
        named = [name for name in ("configMapRef", "secretRef") if name in source]
        for name in named:
            target = source[name].get("name", "")
            if not target:
                found.append(causes.required(f"{where}.{name}.name"))
            else:
                found += [
                    causes.invalid(f"{where}.{name}.name", target, text) for text in subdomain_1123_errors(target)
                ]
        if not named:
            found.append(causes.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(named) > 1:
            found.append(causes.invalid(path, "", "may not have more than one field specified at a time"))
    return found


def _mounts(path: str, container: Obj, volumes: Collection[str]) -> list[Cause]:
    found: list[Cause] = []
    places: set[str] = set()
    privileged = bool((container.get("securityContext") or {}).get("privileged"))
    for number, mount in enumerate(container["volumeMounts"]):
        where = f"{path}[{number}]"
        name, place = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            found.append(causes.required(f"{where}.name"))
        if name not in volumes:
            found.append(causes.not_found(f"{where}.name", name))
        if not place:
            found.append(causes.required(f"{where}.mountPath"))
        if place in places:
            found.append(causes.invalid(f"{where}.mountPath", place, "must be unique"))
        places.add(place)
        if mount.get("subPath"):
            found += inner_path(f"{path}.subPath", mount["subPath"])
        if mount.get("subPathExpr"):
            if mount.get("subPath"):
                text = "subPathExpr and subPath are mutually exclusive"
                found.append(causes.invalid(f"{where}.subPathExpr", mount["subPathExpr"], text))
            found += inner_path(f"{path}.subPathExpr", mount["subPathExpr"])
        found += _propagation(path, mount, privileged=privileged)
    return found


def _propagation(path: str, mount: Obj, *, privileged: bool) -> list[Cause]:
    """How mounts spread between host and container, and what is read-only below; the paths have no number."""
    found: list[Cause] = []
    mode, deep = mount.get("mountPropagation"), mount.get("recursiveReadOnly")
    if mode is not None and mode not in _PROPAGATIONS:
        found.append(causes.not_supported(f"{path}.mountPropagation", mode, _PROPAGATIONS))
    if mode == "Bidirectional" and not privileged:
        text = "Bidirectional mount propagation is available only to privileged containers"
        found.append(causes.forbidden(f"{path}.mountPropagation", text))
    if deep is not None and deep not in _READ_ONLY:
        found.append(causes.not_supported(f"{path}.recursiveReadOnly", deep, _READ_ONLY))
    elif deep not in (None, "Disabled"):
        if not mount.get("readOnly"):
            text = "may only be specified when readOnly is true"
            found.append(causes.forbidden(f"{path}.recursiveReadOnly", text))
        if mode not in (None, "None"):
            text = "may only be specified when mountPropagation is None or not specified"
            found.append(causes.forbidden(f"{path}.recursiveReadOnly", text))
    return found


def inner_path(path: str, value: str) -> list[Cause]:
    """A relative path that does not climb out of where it starts."""
    found = [causes.invalid(path, value, "must be a relative path")] if value.startswith("/") else []
    if ".." in value.split("/"):
        found.append(causes.invalid(path, value, "must not contain '..'"))
    return found


def _probes(where: str, container: Obj) -> list[Cause]:
    found: list[Cause] = []
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is None:
            continue
        found += _probe(f"{where}.{name}", probe)
        if name != "readinessProbe" and probe.get("successThreshold") != 1:
            text = "must be 1"
            found.append(causes.invalid(f"{where}.{name}.successThreshold", probe.get("successThreshold", 0), text))
        if name == "readinessProbe" and "terminationGracePeriodSeconds" in probe:
            text = "must not be set for readinessProbes"
            period = probe["terminationGracePeriodSeconds"]
            found.append(causes.invalid(f"{where}.{name}.terminationGracePeriodSeconds", period, text))
    return found


def _probe(path: str, probe: Obj) -> list[Cause]:
    found = _handler(path, probe)
    for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        found += causes.at_least_zero(f"{path}.{name}", probe.get(name))
    period = probe.get("terminationGracePeriodSeconds")
    if period is not None and period <= 0:
        found.append(causes.invalid(f"{path}.terminationGracePeriodSeconds", period, "must be greater than 0"))
    return found


def _lifecycle(path: str, lifecycle: Obj | None, grace_s: int) -> list[Cause]:
    found: list[Cause] = []
    for name in ("postStart", "preStop"):
        if lifecycle and lifecycle.get(name) is not None:
            found += _handler(f"{path}.{name}", lifecycle[name], grace_s)
    return found


def _exec(path: str, action: Obj) -> list[Cause]:
    return [] if action.get("command") else [causes.required(f"{path}.command")]


def _http_get(path: str, action: Obj) -> list[Cause]:
    found = [] if action.get("path") else [causes.required(f"{path}.path")]
    found += quantities.port_or_name(f"{path}.port", action.get("port", 0))
    if action.get("scheme") not in ("HTTP", "HTTPS"):
        found.append(causes.not_supported(f"{path}.scheme", action.get("scheme", ""), ("HTTP", "HTTPS")))
    for header in action.get("httpHeaders") or ():
        if not re.fullmatch("[-A-Za-z0-9]+", header.get("name", "")):
            found.append(causes.invalid(f"{path}.httpHeaders", header.get("name", ""), _HEADER_TEXT))
    return found


def _socket(path: str, action: Obj) -> list[Cause]:
    return quantities.port_or_name(f"{path}.port", action.get("port", 0))


_HANDLERS: dict[str, Callable[[str, Obj], list[Cause]]] = {
    "exec": _exec, "httpGet": _http_get, "tcpSocket": _socket, "grpc": _socket,
}  # fmt: skip


def _handler(path: str, handler: Obj, grace_s: int = 0) -> list[Cause]:
    found: list[Cause] = []
    named = [name for name in (*_HANDLERS, "sleep") if handler.get(name) is not None]
    for place, name in enumerate(named):
        if place:
            found.append(causes.forbidden(f"{path}.{name}", "may not specify more than 1 handler type"))
        elif name == "sleep":
            seconds = handler[name].get("seconds", 0)
            if not 0 <= seconds <= grace_s:
                text = f"must be non-negative and less than terminationGracePeriodSeconds ({grace_s})"
                found.append(causes.invalid(f"{path}.sleep", seconds, text))
        else:
            found += _HANDLERS[name](f"{path}.{name}", handler[name])
    return found or ([] if named else [causes.required(path, "must specify a handler type")])
