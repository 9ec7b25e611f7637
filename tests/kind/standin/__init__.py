"""A node image that is none: it proves the backend's plumbing, not Kubernetes.

Built on the spot from what is on this machine: the running Python with the packages that `fake serve` needs, a few
Debian programs with their libraries, and the scripts under `files/`, which behave as a `kindest/node` image does
towards whoever boots it. Its `kubeadm init` starts the in-memory API server on port 6443. `FAULT` in its environment
makes it fail in one named way; `python -m tests.kind.standin` builds it and prints its name.
"""

from tests.kind.standin.image import FAULTS, KUBERNETES, NAME, build, faulty

__all__ = ["FAULTS", "KUBERNETES", "NAME", "build", "faulty"]
