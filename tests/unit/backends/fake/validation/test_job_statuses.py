"""What is refused of the status of a Job: one row a rule, the status before and the one that is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.door import Door

JOBS = "/apis/batch/v1/namespaces/default/jobs"
AT, LATER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
RUNNING = {"startTime": AT, "active": 1}


def true(*kinds: str) -> list[dict[str, str]]:
    return [{"type": kind, "status": "True"} for kind in kinds]


DONE = {"startTime": AT, "completionTime": LATER, "conditions": true("SuccessCriteriaMet", "Complete")}


@pytest.mark.parametrize(
    ("before", "asked", "said"),
    [
        ({}, RUNNING, ""),
        ({}, {"active": -1}, "status.active: Invalid value: -1: must be greater than or equal to 0"),
        (
            {},
            {"uncountedTerminatedPods": {"succeeded": ["a", "a"]}},
            'status.uncountedTerminatedPods.succeeded[1]: Duplicate value: "a"',
        ),
        (
            {},
            {"conditions": true("Complete")},
            (
                "[status.completionTime: Required value: completionTime is required for Complete jobs, "
                "status.conditions: Invalid value: cannot set Complete=True condition without the "
                "SuccessCriteriaMet=true condition, status.startTime: Required value: startTime is required for "
                "finished job]"
            ),
        ),
        (
            RUNNING,
            {"conditions": true("Failed", "FailureTarget")},
            "status.active: Invalid value: 1: active>0 is invalid for finished job",
        ),
        (
            RUNNING,
            {"completionTime": AT},
            (
                f'status.completionTime: Invalid value: "{AT}": cannot set completionTime when there is no '
                "Complete=True condition"
            ),
        ),
        (RUNNING, {"ready": 2}, "status.ready: Invalid value: 2: cannot set more ready pods than active"),
        (
            RUNNING,
            {"startTime": LATER},
            "status.startTime: Required value: startTime cannot be removed for unsuspended job",
        ),
        (
            RUNNING,
            {"completedIndexes": "0", "failedIndexes": "1"},
            (
                '[status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed '
                'completion mode, status.failedIndexes: Invalid value: "1": cannot set non-null failedIndexes when '
                "backoffLimitPerIndex is null]"
            ),
        ),
        ({}, DONE, ""),
        (
            DONE,
            {"conditions": true("SuccessCriteriaMet"), "completionTime": None},
            "status.conditions: Invalid value: cannot disable the terminal Complete=True condition",
        ),
        (DONE, {"terminating": 1}, "status.terminating: Invalid value: 1: terminating>0 is invalid for finished job"),
        (
            {"failed": 2},
            {"failed": 1},
            "status.failed: Invalid value: 1: cannot decrease the failed counter",
        ),
    ],
)
def test_the_status_of_a_job_is_sound(door: Door, before: dict[str, Any], asked: dict[str, Any], said: str) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
    door.made(JOBS, {"metadata": {"name": "j"}, "spec": {"template": template}})
    assert door.patch(f"{JOBS}/j/status", {"status": before}).code == 200
    answer = door.patch(f"{JOBS}/j/status", {"status": asked})
    assert answer.body.get("message", "") == (f'Job.batch "j" is invalid: {said}' if said else "")
