"""What every namespace has: the ServiceAccount `default`, and the ConfigMap `kube-root-ca.crt`.

Two of kube-controller-manager's loops: `service-account-controller` and `root-ca-certificate-publisher`. Pods cannot be
created in a namespace before the first has been there.
"""

from __future__ import annotations

from collections.abc import Iterable

from backends.fake.controllers.client import Create, Update
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS
from backends.fake.store import StoreEvent

ROOT_CA = "kube-root-ca.crt"
NOTE = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n(a simulated cluster has no certificate)\n-----END CERTIFICATE-----\n"


def _namespace_of(event: StoreEvent, name: str) -> Iterable[Place]:
    """The namespace that appears, or in which the object called `name` is changed or lost."""
    if event.key.plural == NAMESPACES.plural:
        return (("", event.key.name),) if event.type != "DELETED" else ()
    return (("", event.key.namespace),) if event.key.name == name and event.type != "ADDED" else ()


class ServiceAccounts(Controller):
    """Keeps a `default` ServiceAccount in every living namespace."""

    name = "service-account-controller"
    kind = SERVICE_ACCOUNTS
    watches = (NAMESPACES, SERVICE_ACCOUNTS)
    reaction_s = 0.0
    """A real server lets a pod's creation wait for the account; here it is there before the next request."""

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """Namespaces that appear, accounts that are lost."""
        return _namespace_of(event, "default")

    def step(self, _namespace: str, name: str, _now: Now) -> float | None:
        """Create what is missing in the namespace called `name`."""
        namespace = self.client.entry(NAMESPACES, "", name)
        if namespace is None or namespace.terminating:
            return None
        if self.client.entry(SERVICE_ACCOUNTS, name, "default") is None:
            self.client.apply([Create(SERVICE_ACCOUNTS, {"metadata": {"namespace": name, "name": "default"}})])
        return None


class RootCertificates(Controller):
    """Keeps the API server's certificate authority in every living namespace."""

    name = "root-ca-certificate-publisher"
    kind = CONFIG_MAPS
    watches = (NAMESPACES, CONFIG_MAPS)
    certificate = CERTIFICATE
    """PEM text; the cluster sets its own where it has one."""

    @classmethod
    def user(cls) -> str:
        """Its service account has another name than itself."""
        return "system:serviceaccount:kube-system:root-ca-cert-publisher"

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """Namespaces that appear, ConfigMaps that are changed or lost."""
        return _namespace_of(event, ROOT_CA)

    def step(self, _namespace: str, name: str, _now: Now) -> float | None:
        """Create or mend the ConfigMap in the namespace called `name`."""
        namespace = self.client.entry(NAMESPACES, "", name)
        if namespace is None or namespace.terminating:
            return None
        wanted = {"ca.crt": self.certificate}
        found = self.client.get(CONFIG_MAPS, name, ROOT_CA)
        if found is None:
            metadata = {"namespace": name, "name": ROOT_CA, "annotations": {"kubernetes.io/description": NOTE}}
            self.client.apply([Create(CONFIG_MAPS, {"metadata": metadata, "data": wanted})])
        elif found.get("data") != wanted:
            self.client.apply([Update(CONFIG_MAPS, {**found, "data": wanted})])
        return None
