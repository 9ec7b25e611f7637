"""The command lines of etcd and kube-apiserver. Pure.

What controller-runtime's envtest passes (pkg/internal/testing/controlplane), without what releases have dropped since:
every flag here is one of etcd 3.4 to 3.6 and kube-apiserver 1.29 to 1.36. Where it differs, on purpose:

- the endpoint reconciler is off: with it, kube-apiserver looks for a network interface that is not the loopback, and a
  machine without one cannot start it;
- client certificates are read (`--client-ca-file`), which envtest adds elsewhere;
- service addresses are from 10.96.0.0/16, as in the recordings that the in-memory server is held against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
ISSUER: Final = "https://kubernetes.default.svc.cluster.local"
"""Who signs service account tokens, as kubeadm has it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one control plane, all in one folder that only its owner may read."""

    root: Path

    @property
    def data(self) -> Path:
        """Etcd's."""
        return self.root / "etcd"

    @property
    def scratch(self) -> Path:
        """Where kube-apiserver may put certificates of its own."""
        return self.root / "apiserver"

    def pki(self, name: str) -> Path:
        """A PEM file."""
        return self.root / "pki" / name

    def log(self, name: str) -> Path:
        """What the program `name` printed, both streams."""
        return self.root / f"{name}.log"


def etcd(layout: Layout, port: int, extra: Sequence[str] = (), *, fsync: bool = False) -> list[str]:
    """Etcd's arguments. Peers get any port: there are none. `fsync`: wait for the disk (a release before 3.5 must)."""
    url = f"http://{HOST}:{port}"
    return [
        f"--data-dir={layout.data}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls=http://{HOST}:0",
        *([] if fsync else ["--unsafe-no-fsync=true"]),
        *extra,
    ]


def api_server(layout: Layout, port: int, etcd_port: int, extra: Sequence[str] = ()) -> list[str]:
    """kube-apiserver's arguments; `extra` comes last, so that it wins where a flag has one value."""
    return [
        f"--bind-address={HOST}",
        f"--secure-port={port}",
        f"--advertise-address={HOST}",
        "--endpoint-reconciler-type=none",
        f"--etcd-servers=http://{HOST}:{etcd_port}",
        f"--cert-dir={layout.scratch}",
        f"--tls-cert-file={layout.pki('apiserver.crt')}",
        f"--tls-private-key-file={layout.pki('apiserver.key')}",
        f"--client-ca-file={layout.pki('ca.crt')}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={layout.pki('sa.crt')}",
        f"--service-account-signing-key-file={layout.pki('sa.key')}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        # Without a controller manager nobody makes the service accounts that it insists on.
        "--disable-admission-plugins=ServiceAccount",
        "--allow-privileged=true",
        *extra,
    ]
