"""The RBAC rules that the enabled actions need, no more. Pure; the command line prints them as manifests.

What the agent itself needs is a Role in the ledger's namespace (Lease, ledger, segments, requests to cancel) and a
small ClusterRole (the cluster's UID, Events on targets); what the actions need is read from their specs. `get_resource`
needs `get` on whatever it is to read: it is left out unless asked for, since "everything" is not ours to grant.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kubeactions.model import JsonObject, Rule, Spec

NAME = "kubeactions"

_LEDGER_RULES = (
    Rule("", "configmaps", ("get", "list", "create", "patch", "delete")),
    Rule("coordination.k8s.io", "leases", ("get", "create", "update")),
    Rule("", "events", ("create",)),
)
"""In the ledger's namespace. `create` and `list` cannot be narrowed to names (the name is not known, or not one)."""
_CLUSTER_RULES = (Rule("", "events", ("create",)),)


def action_rules(specs: Iterable[Spec], *, read_everything: bool = False) -> tuple[Rule, ...]:
    """What these action types need, merged and sorted; rules on every resource only with `read_everything`."""
    merged: dict[tuple[str, str, bool], set[str]] = {}
    for spec in specs:
        for rule in spec.rules:
            if rule.resource != "*" or read_everything:
                merged.setdefault((rule.group, rule.resource, rule.cluster), set()).update(rule.verbs)
    return tuple(Rule(one[0], one[1], tuple(sorted(verbs)), one[2]) for one, verbs in sorted(merged.items()))


def manifests(
    specs: Mapping[str, Spec],
    *,
    service_account: str,
    account_namespace: str,
    ledger_namespace: str,
    read_everything: bool = False,
) -> list[JsonObject]:
    """Roles and bindings for one service account, in the order in which to apply them."""
    subject = {"kind": "ServiceAccount", "name": service_account, "namespace": account_namespace}
    cluster = [
        _policy_rule(rule) for rule in (*_CLUSTER_RULES, *action_rules(specs.values(), read_everything=read_everything))
    ]
    cluster.append({"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system"], "verbs": ["get"]})
    return [
        _role("Role", ledger_namespace, [_policy_rule(rule) for rule in _LEDGER_RULES]),
        _binding("Role", ledger_namespace, subject),
        _role("ClusterRole", "", cluster),
        _binding("ClusterRole", "", subject),
    ]


def _policy_rule(rule: Rule) -> JsonObject:
    return {"apiGroups": [rule.group], "resources": [rule.resource], "verbs": list(rule.verbs)}


def _metadata(namespace: str) -> JsonObject:
    return {"name": NAME, "namespace": namespace} if namespace else {"name": NAME}


def _role(kind: str, namespace: str, rules: list[JsonObject]) -> JsonObject:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": _metadata(namespace),
        "rules": rules,
    }


def _binding(kind: str, namespace: str, subject: JsonObject) -> JsonObject:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": f"{kind}Binding",
        "metadata": _metadata(namespace),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": NAME},
        "subjects": [subject],
    }
