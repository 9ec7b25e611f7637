"""The reason codes that any action may end or wait with, whatever its type. Text alone; read by docs and tests.

What an action type may end with beside these is said by its executor (`Spec.endings`). A test holds this table against
the codes that policy/ and processor/ use, so that none is without a word and none is invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WAITS = "waits"
"""No end: the action is asked again later."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What one code means. `how` is a status, `waits`, or both where it can be either."""

    how: str
    when: str
    setting: str = ""
    """The setting that makes the rule, or ""."""
    reads: bool = True
    """Whether it concerns what only reads, too."""


ACCEPTANCE: Mapping[str, Reason] = {
    "Malformed": Reason("rejected", "the config as a whole is no list of actions; the field is named"),
    "InvalidAction": Reason("rejected", "it is not what its type takes; the field, and the nearest name, are said"),
    "Unreadable": Reason("rejected", "the config cannot be read as one; the source tells why"),
    "ConfigTooLarge": Reason("rejected", "the config has more actions or bytes than may be", "kubeactions.limits.*"),
    "ConflictingContent": Reason("rejected", "its id and version are on record with other content"),
    "DuplicateActionId": Reason("duplicate", "its action_id was used up by another id or version"),
    "Superseded": Reason("rejected, or cancelled while pending", "a higher version of its id is on record"),
    "BeforeWatermark": Reason("expired", "it is older than the history that is kept"),
    "Withdrawn": Reason("cancelled", "`kubeactions cancel` came while it was pending"),
}
"""Between the source and `pending`."""
GATES: Mapping[str, Reason] = {
    "OwnObject": Reason("rejected", "the target is the agent's own pod, workload, ledger or Lease"),
    "ProtectedNamespace": Reason(
        "rejected",
        "kube-system, kube-public, kube-node-lease, the agent's own, or a listed one",
        "kubeactions.protected_namespaces",
    ),
    "ProtectedKind": Reason("rejected", "the target is a Secret"),
    "ActionNotAllowed": Reason("rejected", "the action type is not in the list", "kubeactions.allowed_actions"),
    "NamespaceNotAllowed": Reason(
        "rejected",
        "its namespace is not in the list, or it lies in none and its kind is not listed",
        "kubeactions.allowed_namespaces",
    ),
    "KindNotAllowed": Reason("rejected", "its kind is not in the list", "kubeactions.allowed_kinds"),
    "Expired": Reason("expired", "it is older than may be, from its stamp or not_before", "kubeactions.expiry_s"),
    "StampInFuture": Reason(
        "rejected", "its stamp is further ahead than is tolerated", "kubeactions.future_tolerance_s"
    ),
    "ClockBehind": Reason(WAITS, "it was accepted, and this leader's clock is behind its stamp"),
    "NotBeforeTooFar": Reason("rejected", "not_before is too far ahead", "kubeactions.not_before_limit_s"),
    "Paused": Reason(WAITS, "the system is paused, by a person or by the circuit breaker", "kubeactions.breaker.*"),
    "NotBefore": Reason(WAITS, "it asks to begin later"),
    "WindowDenies": Reason(WAITS, "a window in which nothing runs is open", "kubeactions.windows", reads=False),
    "OutsideWindow": Reason(WAITS, "no window in which it may run is open", "kubeactions.windows", reads=False),
    "NeedsApproval": Reason(WAITS, "too few people have approved of this very content", "kubeactions.approvals"),
    "TooManyInFlight": Reason(WAITS, "too many have begun and not ended", "kubeactions.max_in_flight", reads=False),
    "RateLimited": Reason(WAITS, "its type's or namespace's bucket is empty", "kubeactions.rate.*"),
    "BlastRadius": Reason(
        WAITS, "too many objects of its kind were touched lately", "kubeactions.blast_radius.*", reads=False
    ),
    "SafetyHookMissing": Reason("rejected", "the operator's hook was not loaded", "kubeactions.safety_hook"),
    "SafetyHookVeto": Reason("rejected", "the operator's hook says no", "kubeactions.safety_hook"),
    "SafetyHookFailed": Reason("rejected", "the operator's hook broke: that is a no", "kubeactions.safety_hook"),
    "SafetyHookDelay": Reason(WAITS, "the operator's hook asks to wait", "kubeactions.safety_hook"),
    "OptedOut": Reason(
        "rejected", "the live object has the label or annotation kubeactions.datadoghq.com/protected", reads=False
    ),
    "TargetBusy": Reason(WAITS, "an action that came before is not over on the same target"),
}
"""Between `pending` and the effect; each may also end an action that was sent already and is not to be sent again."""
EXECUTION: Mapping[str, Reason] = {
    "UnknownActionType": Reason("rejected", "it was recorded by a version that knew its type"),
    "Conflict": Reason("failed", "others changed the target at each of some tries: nothing was applied"),
    "ExecutorError": Reason("failed, or unknown once sent", "a defect of the executor; the log has its traceback"),
    "Planned": Reason("dry_run", "it leaves no trace, so what it would do cannot be rehearsed", "kubeactions.dry_run"),
    "WouldBeDone": Reason("dry_run", "the API server would accept it", "kubeactions.dry_run", reads=False),
    "WouldFail": Reason("dry_run", "the API server would refuse it", "kubeactions.dry_run", reads=False),
}
"""At the effect."""
API_SERVER = frozenset(
    {
        "BadRequest", "Conflict", "Expired", "Forbidden", "Gone", "Invalid", "MethodNotAllowed", "NotAcceptable",
        "NotFound", "RequestEntityTooLarge", "TooManyRequests", "Unauthorized", "UnsupportedMediaType",
    }
)  # fmt: skip
"""What the API server may say itself of a request that it refuses (apimachinery's StatusReason): `failed`, or `unknown`
where an earlier try may have been applied."""
EVERY: Mapping[str, Reason] = {**ACCEPTANCE, **GATES, **EXECUTION}
"""All of them, in the order in which an action may meet them."""
