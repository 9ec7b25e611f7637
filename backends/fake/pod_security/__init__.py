"""The Pod Security Standards: which levels there are, what labels of a namespace ask for, and what a pod violates.

Used by the admission plugin `PodSecurity`. Pure. From k8s.io/pod-security-admission (api and policy), as of 1.34.
"""

from backends.fake.pod_security.evaluating import Violation, detail, reason, violations
from backends.fake.pod_security.levels import PRIVILEGED, LevelVersion, Policy, compare, policy_of

__all__ = [
    "PRIVILEGED",
    "LevelVersion",
    "Policy",
    "Violation",
    "compare",
    "detail",
    "policy_of",
    "reason",
    "violations",
]
