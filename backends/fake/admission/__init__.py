"""Admission: the plugins that see every write, before it is validated and before it is stored.

Called by the registry, and by the handlers of subresources that create something. `plugins` has them in the order of a
real server (pkg/kubeapiserver/options/plugins.go, those that are on by default in 1.34). Two that are on have nothing
to do here: ClusterTrustBundleAttest and PodTopologyLabels belong to features that are off.

What is off in a default server is off here: NodeRestriction, ExtendedResourceToleration, AlwaysPullImages,
EventRateLimit, PodNodeSelector, PodTolerationRestriction, OwnerReferencesPermissionEnforcement and the others.
"""

from __future__ import annotations

from typing import NamedTuple

from backends.clock import Clock
from backends.fake.admission.addresses import Addresses
from backends.fake.admission.attributes import CREATE, DELETE, UPDATE, Asking, Attributes
from backends.fake.admission.certificates import Certificates
from backends.fake.admission.chain import Chain, Plugin
from backends.fake.admission.classes import DefaultClasses
from backends.fake.admission.lifecycle import NamespaceLifecycle
from backends.fake.admission.limit_ranger import LimitRanger
from backends.fake.admission.nodes import DefaultTolerationSeconds, TaintNodesByCondition
from backends.fake.admission.pod_security import PodSecurity
from backends.fake.admission.priority import Priority
from backends.fake.admission.resource_quota import ResourceQuota
from backends.fake.admission.runtime_class import RuntimeClass
from backends.fake.admission.service_account import ServiceAccounts
from backends.fake.admission.validating_policies import ValidatingAdmissionPolicies
from backends.fake.admission.volumes import PersistentVolumeClaimResize, StorageObjectInUseProtection
from backends.fake.admission.webhooks import MutatingWebhooks, Services, ValidatingWebhooks
from backends.fake.authorization import Authorizer
from backends.fake.catalogue import Catalogue
from backends.fake.ids import Ids
from backends.fake.policies.callouts import Callouts
from backends.fake.store import Store

__all__ = ["CREATE", "DELETE", "UPDATE", "Asking", "Attributes", "Chain", "Services", "Surroundings", "plugins"]


class Surroundings(NamedTuple):
    """What plugins know of a cluster."""

    store: Store
    catalogue: Catalogue
    clock: Clock
    ids: Ids
    callouts: Callouts
    services: Services
    authorizer: Authorizer


def plugins(around: Surroundings, *, service_accounts: bool) -> Chain:
    """The plugins of one cluster. `service_accounts` False leaves ServiceAccount out, as envtest does."""
    store, ids = around.store, around.ids
    outside = (store, around.catalogue, around.callouts, around.services)
    chain: list[Plugin] = [NamespaceLifecycle(store), LimitRanger(store)]
    if service_accounts:
        chain.append(ServiceAccounts(store, ids))
    chain += [
        TaintNodesByCondition(),
        PodSecurity(store),
        Priority(store),
        DefaultTolerationSeconds(),
        DefaultClasses(store),
        StorageObjectInUseProtection(),
        PersistentVolumeClaimResize(store),
        RuntimeClass(store),
        Certificates(around.authorizer),
        MutatingWebhooks(*outside),
        Addresses(store, ids),
        ValidatingAdmissionPolicies(store, around.catalogue),
        ValidatingWebhooks(*outside),
        ResourceQuota(store, around.clock),
    ]
    return Chain(chain)
