"""May this action run, here, now? Pure: an action and facts in, a ruling out. The processor asks; `validate` does too.

    ruling     what is answered, and the facts that are given
    scope      identity, namespaces, kinds, types, and objects that do not want to be touched
    timing     expiry, not_before, maintenance windows
    consent    pauses and approvals
    tally      the memory of what has begun
    traffic    rates, actions in flight, blast radius
    breaker    too many failures pause the system
    hooks      the operator's own functions
    judging    `judge`: all of them, in order

Nothing here looks at the cluster: whoever asks gives the facts. What forbids (REJECT) is asked before what postpones
(WAIT), so that nobody waits for a no. Each ruling has a CamelCase code of its own, kept in the record.
"""

from kubeactions.policy.breaker import Failure, broken_by
from kubeactions.policy.consent import names_of
from kubeactions.policy.hooks import HOOK_GROUP, MAX_DELAY_S, Delay, SafetyHook, Veto, load_hooks
from kubeactions.policy.judging import judge, rulings
from kubeactions.policy.ruling import ALLOWED, Facts, Gate, Ruling
from kubeactions.policy.scope import OPT_OUT, PROTECTED_NAMESPACES, opted_out, protected_namespaces
from kubeactions.policy.tally import Beginning, Tally, Traffic

__all__ = [
    "ALLOWED",
    "HOOK_GROUP",
    "MAX_DELAY_S",
    "OPT_OUT",
    "PROTECTED_NAMESPACES",
    "Beginning",
    "Delay",
    "Facts",
    "Failure",
    "Gate",
    "Ruling",
    "SafetyHook",
    "Tally",
    "Traffic",
    "Veto",
    "broken_by",
    "judge",
    "load_hooks",
    "names_of",
    "opted_out",
    "protected_namespaces",
    "rulings",
]
