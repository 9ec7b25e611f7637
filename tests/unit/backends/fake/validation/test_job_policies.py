"""Jobs that say what a failure or a success is: what is refused, as pkg/apis/batch/validation words it."""

from __future__ import annotations

from typing import Any

from backends.fake.validation import prepare_defaults, validate_create

JOB = ("batch", "v1", "Job")
RULE = "spec.podFailurePolicy.rules[0]"
CODES = {"operator": "In", "values": [1]}
Rows = list[tuple[dict[str, Any], list[tuple[str, str]]]]


def failing(**rule: Any) -> dict[str, Any]:
    return {"podFailurePolicy": {"rules": [{"action": "Ignore", "onExitCodes": CODES, **rule}]}}


ROWS: Rows = [
    (failing(), []),
    (failing(action="Odd"),
     [(f"{RULE}.action", 'Unsupported value: "Odd": supported values: "Count", "FailIndex", "FailJob", "Ignore"')]),
    (failing(action="FailIndex"),
     [(f"{RULE}.action", 'Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set')]),
    (failing(onExitCodes=None),
     [(RULE, "Invalid value: specifying one of OnExitCodes and OnPodConditions is required")]),
    (failing(onPodConditions=[{"type": "x"}]),
     [(RULE, "Invalid value: specifying both OnExitCodes and OnPodConditions is not supported")]),
    (failing(onExitCodes={"operator": "In", "values": [2, 0]}),
     [(f"{RULE}.onExitCodes.values[1]", "Invalid value: 0: must not be 0 for the In operator"),
      (f"{RULE}.onExitCodes.values", "Invalid value: [2,0]: must be ordered")]),
    (failing(onExitCodes={**CODES, "containerName": "none"}),
     [(f"{RULE}.onExitCodes.containerName", ('Invalid value: "none": must be one of the container or initContainer '
       "names in the pod template"))]),
    ({**failing(), "podReplacementPolicy": "TerminatingOrFailed"},
     [("spec.podReplacementPolicy", 'Unsupported value: "TerminatingOrFailed": supported values: "Failed"')]),
    ({"podReplacementPolicy": "Odd"},
     [("spec.podReplacementPolicy", 'Unsupported value: "Odd": supported values: "Failed", "TerminatingOrFailed"')]),
    ({"backoffLimitPerIndex": 1},
     [("spec.backoffLimitPerIndex", "Invalid value: 1: requires indexed completion mode")]),
    ({"completionMode": "Indexed", "maxFailedIndexes": 1},
     [("spec.backoffLimitPerIndex", "Required value: when maxFailedIndexes is specified")]),
    ({"successPolicy": {"rules": []}},
     [("spec.successPolicy", 'Invalid value: {"Rules":[]}: requires indexed completion mode')]),
    ({"managedBy": "x"},
     [("spec.managedBy", 'Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")')]),
]  # fmt: skip


def refused(spec: dict[str, Any], restart: str = "Never") -> list[tuple[str, str]]:
    pod = {"containers": [{"name": "c", "image": "i"}], "restartPolicy": restart}
    obj = {"metadata": {"name": "x"}, "spec": {"template": {"metadata": {}, "spec": pod}, **spec}}
    prepare_defaults(JOB, obj)
    return [(cause.field, cause.message) for cause in validate_create(JOB, obj)]


def test_what_is_refused() -> None:
    for spec, expected in ROWS:
        assert refused(spec) == expected, spec


def test_pods_whose_failures_are_looked_at_are_not_restarted() -> None:
    text = 'Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified'
    assert refused(failing(), "OnFailure") == [("spec.template.spec.restartPolicy", text)]
