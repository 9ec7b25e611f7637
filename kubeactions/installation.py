"""The objects that run the agent in a cluster. Pure; `kubeactions manifests` prints them.

Two replicas of one Deployment, a service account that may do what the enabled actions need and nothing else (rbac.py),
the settings as one ConfigMap and the actions to execute as another, mounted. The pods pass the Pod Security Standard
"restricted" (https://kubernetes.io/docs/concepts/security/pod-security-standards/), which the namespace enforces.

The same choices give the same objects, in the order in which to apply them. It knows no backend and reads nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from kubeactions import rbac
from kubeactions.model import JsonObject, Rule, Spec
from kubeactions.settings import Settings

NAME = rbac.NAME
PORT = 8080
SETTINGS_MOUNT = "/etc/kubeactions/settings"
SETTINGS_FILE = "datadog.yaml"
ACTIONS_MOUNT = "/etc/kubeactions/actions"
USER = 65532
"""The numeric user of the image: `runAsNonRoot` can only be checked for a number."""
GRACE_EXTRA_S = 10
"""What the kubelet grants beyond our own bound for a graceful stop."""
LABELS = {"app.kubernetes.io/name": NAME}


@dataclass(frozen=True, slots=True)
class Choices:
    """What an operator chooses. Names must be valid already; `specs` are those of the enabled action types."""

    specs: Mapping[str, Spec]
    image: str
    namespace: str = NAME
    targets: tuple[str, ...] = ()
    """Namespaces that actions may act in; () is every one."""
    read: tuple[Rule, ...] = ()
    """What `get_resource` may read."""
    replicas: int = 2
    more_settings: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of the settings file, dotted."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One object, and why it is there."""

    about: str
    body: JsonObject


def settings_of(choices: Choices) -> str:
    """The settings file of the pods, as YAML."""
    keys: dict[str, Any] = {
        "kubeactions.enabled": True,
        "kubeactions.allowed_actions": sorted(choices.specs),
        "kubeactions.listen": f":{PORT}",
        "kubeactions.log_format": "json",
        "kubeactions.persistent_store.namespace": choices.namespace,
        "kubeactions.reporters": ["log", "kubernetes"],
        "kubeactions.sources": [{"type": "directory", "path": ACTIONS_MOUNT}],
        "leader_lease_name": NAME,
        **_bounds_of(choices),
        **choices.more_settings,
    }
    found: dict[str, Any] = {}
    for key, value in sorted(keys.items()):
        *path, last = key.split(".")
        section = found
        for name in path:
            section = section.setdefault(name, {})
        section[last] = value
    return yaml.safe_dump(found, sort_keys=False)


def _bounds_of(choices: Choices) -> dict[str, Any]:
    """The settings that say what the Roles say: where actions may act. What is in no namespace is named by its kind."""
    if not choices.targets:
        return {}
    bounds: dict[str, Any] = {"kubeactions.allowed_namespaces": list(choices.targets)}
    if any(spec.namespaced is False for spec in choices.specs.values()):
        kinds = (
            (version.rpartition("/")[0], kind)
            for spec in choices.specs.values()
            for kind, (version, _) in spec.kinds.items()
        )
        bounds["kubeactions.allowed_kinds"] = sorted({"/".join(part for part in one if part) for one in kinds})
    return bounds


def pieces(choices: Choices, settings: Settings) -> tuple[Piece, ...]:
    """Every object, in the order in which to apply them. `settings` are those of `settings_of`, read back."""
    place = rbac.Place(
        NAME, choices.namespace, settings.ledger_namespace, settings.election.lease_name, choices.targets
    )
    text = settings_of(choices)
    count = settings.safety.blast_radius.percent > 0
    granted = rbac.roles(choices.specs, place, read=choices.read, count=count)
    return (
        Piece("The pods are held to the standard that they meet.", _namespace(choices)),
        Piece("Who the agent is. Only its own pods mount the token.", _account(choices)),
        *(piece for role in granted for piece in _granted(role, place)),
        Piece("The settings. A change rolls the pods: its digest is in their template.", _settings(choices, text)),
        Piece(
            "The actions to execute, one key a config: <id>.v<version>.json or .yaml. It has no data here, so that\n"
            "applying this again takes none away. Put them in with kubectl patch: what apply has put in, it takes out.",
            _object("v1", "ConfigMap", f"{NAME}-actions", choices.namespace),
        ),
        Piece("A drained node takes one replica at a time; the other one leads on.", _budget(choices)),
        Piece(
            "One leads, the others follow. All are alike, and none keeps anything on disk.",
            _deployment(choices, settings, text),
        ),
    )


def _object(api_version: str, kind: str, name: str, namespace: str = "") -> JsonObject:
    metadata: JsonObject = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata | {"labels": dict(LABELS)}}


def _namespace(choices: Choices) -> JsonObject:
    found = _object("v1", "Namespace", choices.namespace)
    found["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"
    return found


def _account(choices: Choices) -> JsonObject:
    return _object("v1", "ServiceAccount", NAME, choices.namespace) | {"automountServiceAccountToken": False}


def _granted(role: rbac.Role, place: rbac.Place) -> tuple[Piece, Piece]:
    made, binding = rbac.manifests(role, place)
    reasons = [f"  {grant.rule.resource} ({', '.join(grant.rule.verbs)}): {grant.why}" for grant in role.grants]
    return Piece("\n".join([role.about, *reasons]), made), Piece("", binding)


def _settings(choices: Choices, text: str) -> JsonObject:
    return _object("v1", "ConfigMap", f"{NAME}-settings", choices.namespace) | {"data": {SETTINGS_FILE: text}}


def _budget(choices: Choices) -> JsonObject:
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": dict(LABELS)}}
    return _object("policy/v1", "PodDisruptionBudget", NAME, choices.namespace) | {"spec": spec}


def _deployment(choices: Choices, settings: Settings, text: str) -> JsonObject:
    annotations = {
        "checksum/settings": hashlib.sha256(text.encode()).hexdigest()[:16],
        "prometheus.io/path": "/metrics",
        "prometheus.io/port": str(PORT),
        "prometheus.io/scrape": "true",
    }
    template = {"metadata": {"annotations": annotations, "labels": dict(LABELS)}, "spec": _pod(choices, settings)}
    spec = {
        "replicas": choices.replicas,
        "selector": {"matchLabels": dict(LABELS)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": template,
    }
    return _object("apps/v1", "Deployment", NAME, choices.namespace) | {"spec": spec}


def _pod(choices: Choices, settings: Settings) -> JsonObject:
    return {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": int(settings.shutdown_timeout_s) + GRACE_EXTRA_S,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [_spread("kubernetes.io/hostname"), _spread("topology.kubernetes.io/zone")],
        "containers": [_container(choices)],
        "volumes": [
            {"name": "settings", "configMap": {"name": f"{NAME}-settings"}},
            {"name": "actions", "configMap": {"name": f"{NAME}-actions"}},
        ],
    }


def _spread(topology_key: str) -> JsonObject:
    """Apart where that is possible; a cluster of one node runs both."""
    return {
        "labelSelector": {"matchLabels": dict(LABELS)},
        "maxSkew": 1,
        "topologyKey": topology_key,
        "whenUnsatisfiable": "ScheduleAnyway",
    }


def _container(choices: Choices) -> JsonObject:
    return {
        "name": NAME,
        "image": choices.image,
        "args": ["run", "--settings", f"{SETTINGS_MOUNT}/{SETTINGS_FILE}"],
        "env": [
            _from_pod("POD_NAME", "metadata.name"),
            _from_pod("POD_NAMESPACE", "metadata.namespace"),
            _from_pod("POD_UID", "metadata.uid"),
        ],
        "ports": [{"containerPort": PORT, "name": "http"}],
        "startupProbe": _probe("/livez", periodSeconds=1, failureThreshold=60),
        "livenessProbe": _probe("/livez", periodSeconds=10, failureThreshold=3),
        "readinessProbe": _probe("/readyz", periodSeconds=5, failureThreshold=3),
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "20m", "memory": "96Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": "settings", "mountPath": SETTINGS_MOUNT, "readOnly": True},
            {"name": "actions", "mountPath": ACTIONS_MOUNT, "readOnly": True},
        ],
    }


def _from_pod(variable: str, path: str) -> JsonObject:
    return {"name": variable, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _probe(path: str, **numbers: int) -> JsonObject:
    return {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 5, **numbers}


def stream(found: Sequence[Piece], title: str) -> str:
    """The objects as one YAML stream, each under its comment; the same objects give the same text."""
    texts = (f"---\n{_commented(one.about)}{yaml.dump(one.body, Dumper=_Dumper, sort_keys=False)}" for one in found)
    return _commented(title) + "".join(texts)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, and no aliases: for people, and for kubectl."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        """Write everything out."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())
