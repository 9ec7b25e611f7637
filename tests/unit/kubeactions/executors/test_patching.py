"""Patches: what an intent keeps of the target, and what a look at it afterwards is evidence of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubeactions import registry
from kubeactions.executors.patch_deployment import EXECUTOR
from kubeactions.ledger.codec import decode_record, encode_record
from kubeactions.model import MARKER_ANNOTATION, Action, Config, Outcome, Plan, Seen, Status, Target
from kubeactions.processor.accept import candidates
from kubeactions.settings import Limits
from tests.unit.kubeactions.bench import Bench
from tests.unit.kubeactions.executors.orders import AT, KEY, act, circumstances, evidence, intent

CART = Target("apps/v1", "Deployment", "cart", "shop")
PATCH = {"spec": {"minReadySeconds": 5}}
ACTION = act("patch_deployment", CART, patch=PATCH, patch_strategy="strategic-merge")


def deployment(version: str, generation: int, annotations: Any = None, *, time: str = "", **spec: Any) -> Any:
    metadata: dict[str, Any] = {"name": "cart", "uid": "uid-1", "resourceVersion": version, "generation": generation}
    if annotations:
        metadata["annotations"] = annotations
    if time:
        metadata["managedFields"] = [{"manager": "kubeactions", "time": time, "fieldsV1": {}}]
    return {"kind": "Deployment", "metadata": metadata, "spec": {"template": {"spec": {}}, **spec}}


def test_the_plan_keeps_when_we_wrote_the_target_last() -> None:
    live = deployment("70", 5, time="2026-08-20T10:14:59Z")
    after = deployment("71", 6, {MARKER_ANNOTATION: KEY.marker}, minReadySeconds=5)
    planned = EXECUTOR.plan(ACTION, Seen(live, (after,)), circumstances())
    assert isinstance(planned, Plan)
    assert planned.resolved == {"annotations": False, "written": "2026-08-20T10:14:59Z"}


@pytest.mark.parametrize(
    ("written", "seen", "status"),
    [
        ("", "2026-08-20T10:15:01Z", Status.SUCCEEDED),
        ("2026-08-20T10:14:59Z", "2026-08-20T10:15:00Z", Status.SUCCEEDED),
        # The action before this one wrote it just before the plan: that is no trace of this one.
        ("2026-08-20T10:14:59Z", "2026-08-20T10:14:59Z", Status.UNKNOWN),
        ("2026-08-20T10:15:00Z", "2026-08-20T10:15:00Z", Status.UNKNOWN),
        ("2026-08-20T10:14:59Z", "", Status.UNKNOWN),
    ],
)
def test_only_a_write_since_the_plan_is_a_trace(written: str, seen: str, status: Status) -> None:
    patching = intent("uid-1", "70", annotations=False, written=written)
    verdict = EXECUTOR.verdict(ACTION, patching, evidence(deployment("75", 7, time=seen), doubt=True))
    assert verdict.outcome is not None
    assert verdict.outcome.status is status


class Wire:
    """Keeps the body that would be sent, as the door would encode it."""

    text = ""

    def patch(self, path: str, body: Any, *, type: str = "json", dry_run: bool = False) -> Any:  # noqa: A002
        self.text = json.dumps(body)
        return {}


@pytest.mark.parametrize("as_text", [False, True], ids=["json", "text"])
def test_an_integer_above_2_53_reaches_the_api_server_as_it_was_ordered(as_text: bool) -> None:
    """From the payload through the ledger, which another leader reads, to the request."""
    patch: Any = {"spec": {"template": {"spec": {"securityContext": {"runAsUser": 9007199254740993}}}}}
    order = {
        "action_type": "patch_deployment",
        "resource": {"api_version": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "cart"},
        "timestamp": "2026-08-20T10:15:00Z",
        "parameters": {"patch": json.dumps(patch) if as_text else patch},
    }
    config = Config("c1", 1, json.dumps({"actions": [order]}).encode(), "test")
    (record,) = candidates(config, registry.specs({"patch_deployment": EXECUTOR}), Limits(), AT)
    action = decode_record(record.marker, encode_record(record)).action
    assert isinstance(action, Action)
    wire = Wire()
    EXECUTOR.execute(action, intent("uid-1", "70", annotations=False), wire)  # type: ignore[arg-type]  # one method
    assert '"runAsUser": 9007199254740993' in wire.text


@pytest.mark.parametrize(
    ("strategy", "patch"),
    [
        ("strategic-merge", {"spec": {"template": {"spec": {"containers": [{"name": "main", "imag": "x"}]}}}}),
        ("merge", {"spec": {"imag": 3}}),
        ("json", [{"op": "add", "path": "/spec/imag", "value": 3}]),
    ],
)
def test_a_field_that_the_server_does_not_know_is_refused_by_its_name_and_not_taken_for_no_change(
    strategy: str, patch: Any
) -> None:
    bench = Bench()
    bench.deployment("cart")
    action = act("patch_deployment", CART, patch=patch, patch_strategy=strategy)
    planned = EXECUTOR.plan(action, EXECUTOR.look(action, None, bench.kube), circumstances())
    assert isinstance(planned, Outcome)
    assert (planned.status, planned.reason) == (Status.FAILED, "Invalid")
    assert planned.message.startswith("Deployment shop/cart: the API server would refuse this patch: unknown field")
    assert planned.message.endswith('imag"')
