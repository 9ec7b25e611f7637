"""The nouns. Frozen; no I/O, no clock, nothing of Kubernetes but names.

An `Action` is one order. Its `ActionKey` says which order it is; its digest says what it orders. The ledger keeps a
`Record` of it. An executor's `Plan` becomes the record's `Intent` before anything is sent, and its `Verdict` becomes
the `Outcome`. `Spec` is what an action type says of itself: validator, policy, RBAC, help and docs read it from there.

    action     what is ordered
    record     how far it is, how it ended
    executor   the seam to an action type
    delivery   the seams to sources and reporters
    meter      the seam to whoever counts
"""

from kubeactions.model.action import (
    FIELD_MANAGER,
    MARKER_ANNOTATION,
    Action,
    ActionKey,
    EffectClass,
    Ending,
    Json,
    JsonObject,
    Parameter,
    Rule,
    Spec,
    Target,
)
from kubeactions.model.delivery import AckState, Config, Problem, Pull, Report, Reporter, Source, Wakeful
from kubeactions.model.executor import (
    Circumstances,
    Cluster,
    Evidence,
    Executor,
    Next,
    Plan,
    Reader,
    Runner,
    Seen,
    Tried,
    Verdict,
)
from kubeactions.model.meter import Meter
from kubeactions.model.record import Decision, Intent, Outcome, Phase, Record, Status

__all__ = [
    "FIELD_MANAGER",
    "MARKER_ANNOTATION",
    "AckState",
    "Action",
    "ActionKey",
    "Circumstances",
    "Cluster",
    "Config",
    "Decision",
    "EffectClass",
    "Ending",
    "Evidence",
    "Executor",
    "Intent",
    "Json",
    "JsonObject",
    "Meter",
    "Next",
    "Outcome",
    "Parameter",
    "Phase",
    "Plan",
    "Problem",
    "Pull",
    "Reader",
    "Record",
    "Report",
    "Reporter",
    "Rule",
    "Runner",
    "Seen",
    "Source",
    "Spec",
    "Status",
    "Target",
    "Tried",
    "Verdict",
    "Wakeful",
]
