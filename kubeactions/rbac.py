"""The RBAC rules that the enabled actions need, no more. Pure; installation.py makes manifests of them.

Four Roles, each with one reason to be:

- the ledger's namespace: Lease, ledger, segments, what people ask (pause, cancel), Events about the ledger;
- the agent's own namespace: what its pod belongs to, so that no action touches it;
- where actions act: what the executors' specs say, and Events on targets. A ClusterRole, or one Role in each of the
  target namespaces when they are listed;
- the cluster: the UID of kube-system, by which clusters are told apart, and what actions on cluster-scoped objects
  need.

`get_resource` needs `get` on whatever it is to read: "everything" is not ours to grant, so what it may read is listed.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kubeactions.model import JsonObject, Rule, Spec

NAME = "kubeactions"
_CLUSTER_EVENTS = "default"
"""Where Events on cluster-scoped objects are kept."""
API = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Place:
    """For whom and where: the service account, where the ledger is, where actions act (() is everywhere)."""

    account: str
    namespace: str
    """Of the account, and of the agent's pods."""
    ledger_namespace: str
    lease_name: str
    targets: tuple[str, ...] = ()

    @property
    def cluster_name(self) -> str:
        """Name of the ClusterRole: two installations in one cluster have two."""
        return NAME if self.namespace == NAME else f"{NAME}-{self.namespace}"


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of a Role, and why it is there. `names`: only objects of these names; () is any."""

    rule: Rule
    why: str
    names: tuple[str, ...] = ()

    def as_policy_rule(self) -> JsonObject:
        """As Kubernetes writes it."""
        found: JsonObject = {"apiGroups": [self.rule.group], "resources": [self.rule.resource]}
        if self.names:
            found["resourceNames"] = list(self.names)
        return {**found, "verbs": list(self.rule.verbs)}


@dataclass(frozen=True, slots=True)
class Role:
    """A Role (in `namespace`) or a ClusterRole ("") of this name."""

    name: str
    namespace: str
    about: str
    grants: tuple[Grant, ...]

    @property
    def kind(self) -> str:
        """Role or ClusterRole."""
        return "Role" if self.namespace else "ClusterRole"


def action_rules(specs: Iterable[Spec], *, read: Sequence[Rule] = (), count: bool = False) -> tuple[Grant, ...]:
    """What these action types need, merged and sorted, with the types that need it.

    A rule on every resource (`get_resource`) is replaced by `read`. `count`: objects of the kinds that actions touch
    are counted, since the blast radius is limited in per cent.
    """
    merged: dict[tuple[str, str, bool], set[str]] = {}
    needed_by: dict[tuple[str, str, bool], set[str]] = {}
    for spec in specs:
        everything = any(one.resource == "*" for one in spec.rules)
        counted = _counted(spec) if count else ()
        for rule in (*(one for one in spec.rules if one.resource != "*"), *(read if everything else ()), *counted):
            key = (rule.group, rule.resource, rule.cluster)
            merged.setdefault(key, set()).update(rule.verbs)
            needed_by.setdefault(key, set()).add(spec.type)
    return tuple(
        Grant(Rule(*key[:2], tuple(sorted(verbs)), key[2]), ", ".join(sorted(needed_by[key])))
        for key, verbs in sorted(merged.items())
    )


def _counted(spec: Spec) -> tuple[Rule, ...]:
    found = [(api_version.rpartition("/")[0], plural) for api_version, plural in spec.kinds.values()]
    return tuple(Rule(group, plural, ("list",), cluster=spec.namespaced is False) for group, plural in found)


def roles(
    specs: Mapping[str, Spec], place: Place, *, read: Sequence[Rule] = (), count: bool = False
) -> tuple[Role, ...]:
    """Every Role that an agent with these action types needs, in a stable order; none grants what another one does."""
    events = Grant(Rule("", "events", ("create",)), "what was done, told on its target")
    ledger = (
        Grant(
            Rule("", "configmaps", ("create", "delete", "get", "list", "patch")), "the ledger, its segments, requests"
        ),
        Grant(Rule("coordination.k8s.io", "leases", ("create",)), "the election, the first time"),
        Grant(Rule("coordination.k8s.io", "leases", ("get", "update")), "the election", (place.lease_name,)),
        Grant(events.rule, "what concerns the ledger, or has no place elsewhere"),
    )
    own = (
        Grant(Rule("", "pods", ("get",)), "which workload the agent belongs to, to keep out of it"),
        Grant(Rule("apps", "replicasets", ("get",)), "the same"),
    )
    needed = action_rules(specs.values(), read=read, count=count)
    on_targets = (events, *(one for one in needed if not one.rule.cluster))
    homeless = place.targets and _CLUSTER_EVENTS not in place.targets and any(one.rule.cluster for one in needed)
    cluster = (
        Grant(Rule("", "namespaces", ("get",)), "which cluster this is, by its UID", ("kube-system",)),
        *(one for one in needed if one.rule.cluster),
        *(() if place.targets else on_targets),
    )
    return (
        Role(f"{NAME}-ledger", place.ledger_namespace, "The ledger and the election.", _beyond(cluster, ledger)),
        Role(f"{NAME}-own", place.namespace, "What the agent itself is part of.", _beyond(cluster, own)),
        *(Role(f"{NAME}-targets", one, "What actions do in this namespace.", on_targets) for one in place.targets),
        *(
            [Role(f"{NAME}-events", _CLUSTER_EVENTS, "Events on what is in no namespace.", (events,))]
            if homeless
            else ()
        ),
        Role(place.cluster_name, "", "What is in no namespace, or in all of them.", cluster),
    )


def _beyond(everywhere: Iterable[Grant], grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """What these grants give that is not granted everywhere anyway."""
    found: list[Grant] = []
    given = {(one.rule.group, one.rule.resource): one.rule.verbs for one in everywhere if not one.names}
    for grant in grants:
        had = given.get((grant.rule.group, grant.rule.resource), ())
        if verbs := tuple(verb for verb in grant.rule.verbs if verb not in had):
            found.append(replace(grant, rule=replace(grant.rule, verbs=verbs)))
    return tuple(found)


def manifests(role: Role, place: Place) -> tuple[JsonObject, JsonObject]:
    """A Role and its binding to the agent's account."""
    metadata: JsonObject = {"name": role.name} | ({"namespace": role.namespace} if role.namespace else {})
    metadata["labels"] = {"app.kubernetes.io/name": NAME}
    subject = {"kind": "ServiceAccount", "name": place.account, "namespace": place.namespace}
    return (
        {
            "apiVersion": f"{API}/v1",
            "kind": role.kind,
            "metadata": metadata,
            "rules": [grant.as_policy_rule() for grant in role.grants],
        },
        {
            "apiVersion": f"{API}/v1",
            "kind": f"{role.kind}Binding",
            "metadata": metadata,
            "roleRef": {"apiGroup": API, "kind": role.kind, "name": role.name},
            "subjects": [subject],
        },
    )
