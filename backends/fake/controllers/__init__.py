"""What makes a stored object come true: the loops of kube-controller-manager, the scheduler and the kubelets.

One controller a file; `controller.py` says what one is, `dispatch.py` runs them on the cluster's queue, `client.py` is
how they read and write. Each writes under the user name that it has in a real cluster, so the audit trail tells who
did what.

Not run, and therefore without effect: HorizontalPodAutoscalers, persistent volumes, certificates
(`imitation.NOT_ENFORCED`: whoever writes one is told).
"""

from backends.fake.controllers.dispatch import Controllers

__all__ = ["Controllers"]
