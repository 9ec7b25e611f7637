"""PodSecurity: a namespace's labels say how much its pods may, and who is only told.

k8s.io/pod-security-admission/admission. Nobody is exempt, as without a configuration file. Workloads are never refused:
their pods would be.
"""

from __future__ import annotations

from typing import Any

from backends.fake import pod_security, statuses
from backends.fake.admission.attributes import CREATE, UPDATE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Resource
from backends.fake.store import Store

Obj = dict[str, Any]

PODS, NAMESPACES = ("", "pods"), ("", "namespaces")
MOST_PODS = 3000
"""So many pods of a namespace are looked at when its labels change (defaultNamespaceMaxPodsToCheck)."""
_IGNORED = frozenset({"exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status", "resize"})
_TEMPLATES: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "podtemplates"): ("template",),
    ("", "replicationcontrollers"): ("spec", "template"),
    ("apps", "daemonsets"): ("spec", "template"),
    ("apps", "deployments"): ("spec", "template"),
    ("apps", "replicasets"): ("spec", "template"),
    ("apps", "statefulsets"): ("spec", "template"),
    ("batch", "cronjobs"): ("spec", "jobTemplate", "spec", "template"),
    ("batch", "jobs"): ("spec", "template"),
}
_KEY = "pod-security.kubernetes.io/"
_MARK = b'"pod-security.kubernetes.io/'


class PodSecurity(Base):
    """The plugin over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def validates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """Pods, what makes pods, and the namespaces that say what they may."""
        if operation not in (CREATE, UPDATE):
            return None
        if resource.storage == PODS:
            return self._pod if subresource not in _IGNORED else None
        if subresource:
            return None
        if resource.storage == NAMESPACES:
            return self._namespace
        return self._workload if resource.storage in _TEMPLATES else None

    def _policy(self, write: Attributes) -> pod_security.Policy | None:
        """What the namespace asks for; None for the most of them, which ask nothing."""
        entry = self._store.at(NAMESPACES, "", write.namespace)
        # Every namespace has a label with its name.
        if entry is None or len(entry.labels) < 2 or _MARK not in entry.tail:
            return None
        policy, wrong = pod_security.policy_of(entry.labels)
        if wrong:
            texts = ", ".join(f"{cause.field}: {cause.message}" for cause in wrong)
            write.asking.annotate(f"{_KEY}error", f"Failed to parse policy: {texts}")
        return None if policy.asks_nothing else policy

    def _pod(self, write: Attributes) -> None:
        policy = self._policy(write)
        if policy is None or (write.operation == UPDATE and not _significant(write.obj, write.old or {})):
            return
        pod = write.obj
        _evaluate(write, policy, pod["metadata"], pod.get("spec") or {}, enforce=True)

    def _workload(self, write: Attributes) -> None:
        policy = self._policy(write)
        if policy is None:
            return
        template: Any = write.obj
        for member in _TEMPLATES[write.resource.storage]:
            template = (template or {}).get(member)
        if template:
            _evaluate(write, policy, template.get("metadata") or {}, template.get("spec") or {}, enforce=False)

    def _namespace(self, write: Attributes) -> None:
        labels = write.obj["metadata"].get("labels") or {}
        policy, wrong = pod_security.policy_of(labels)
        if write.operation == CREATE:
            if wrong:
                raise statuses.invalid("Namespace", write.name, "", [cause._asdict() for cause in wrong])
            return
        before, wrong_before = pod_security.policy_of((write.old or {"metadata": {}})["metadata"].get("labels") or {})
        if wrong and wrong != wrong_before:
            raise statuses.invalid("Namespace", write.name, "", [cause._asdict() for cause in wrong])
        new, old = policy.enforce, before.enforce
        relaxed = new.minor == old.minor and pod_security.compare(new.level, old.level) < 1
        if new == old or new.level == pod_security.PRIVILEGED or relaxed:
            return
        for text in self._about_pods(write.name, new):
            write.asking.warn(text)

    def _about_pods(self, namespace: str, enforce: pod_security.LevelVersion) -> list[str]:
        """What is said of pods that are there already, and may stay."""
        entries = self._store.list("", "pods", namespace)
        seen: dict[str, list[str]] = {}
        for entry in entries[:MOST_PODS]:
            pod = entry.load()
            found = pod_security.violations(enforce, pod["metadata"], pod.get("spec") or {})
            if found:
                seen.setdefault(pod_security.reason(found), []).append(entry.key.name)
        texts = []
        if len(entries) > MOST_PODS:
            texts.append(
                "new PodSecurity enforce level only checked against the first "
                f"{MOST_PODS} of {len(entries)} existing pods"
            )
        if seen:
            level = f'the new PodSecurity enforce level "{enforce}"'
            texts.append(f'existing pods in namespace "{namespace}" violate {level}')
        return texts + sorted(f"{_who(names)}: {why}" for why, names in seen.items())


def _who(names: list[str]) -> str:
    others = len(names) - 1
    if not others:
        return names[0]
    return f"{min(names)} (and {others} other {'pod' if others == 1 else 'pods'})"


def _evaluate(write: Attributes, policy: pod_security.Policy, metadata: Obj, spec: Obj, *, enforce: bool) -> None:
    results = {asked: pod_security.violations(asked, metadata, spec) for asked in set(policy)}
    if enforce:
        write.asking.annotate(f"{_KEY}enforce-policy", str(policy.enforce))
    if results[policy.audit]:
        text = f'would violate PodSecurity "{policy.audit}": {pod_security.detail(results[policy.audit])}'
        write.asking.annotate(f"{_KEY}audit-violations", text)
    if enforce and results[policy.enforce]:
        raise write.forbidden(
            f'violates PodSecurity "{policy.enforce}": {pod_security.detail(results[policy.enforce])}'
        )
    if results[policy.warn]:
        write.asking.warn(f'would violate PodSecurity "{policy.warn}": {pod_security.detail(results[policy.warn])}')


def _significant(new: Obj, old: Obj) -> bool:
    """Whether an update changes anything that the checks look at: images, and new containers."""
    for member in ("containers", "initContainers"):
        ours, theirs = ((one.get("spec") or {}).get(member) or [] for one in (new, old))
        if [one.get("image") for one in ours] != [one.get("image") for one in theirs]:
            return True
    had = {one.get("name"): one.get("image") for one in (old.get("spec") or {}).get("ephemeralContainers") or []}
    added = (new.get("spec") or {}).get("ephemeralContainers") or []
    return any(had.get(one.get("name"), one) != one.get("image") for one in added)
