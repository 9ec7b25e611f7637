"""The pages of kubeactions/docs are those that the code makes, and the config on each can be ordered as it stands."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest

from backends.clock import SimulatedClock
from backends.fake import FakeBackend
from kubeactions.cli.handbook import STAMP
from kubeactions.command_policy import ExecLimits
from kubeactions.kube import Kube, path_of
from kubeactions.model import Action, Circumstances, Config, JsonObject, Outcome, Plan, Status
from kubeactions.settings import Limits
from kubeactions.validator import parse
from tests.handbook.pages import DOCS, EXECUTORS, SPECS, pages

CONTAINERS = {"containers": [{"name": "c", "image": "i"}]}
WORKLOAD = {
    "selector": {"matchLabels": {"app": "t"}},
    "template": {"metadata": {"labels": {"app": "t"}}, "spec": CONTAINERS},
}
JOB = {"template": {"spec": {**CONTAINERS, "restartPolicy": "Never"}}}
BODIES: dict[str, JsonObject] = {
    "ConfigMap": {"data": {"a": "b"}},
    "CronJob": {"spec": {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": JOB}}},
    "Job": {"spec": JOB},
    "Pod": {"spec": CONTAINERS},
}
"""What the targets of the examples are, by their kind; others are workloads."""
OPPOSITE: dict[str, JsonObject] = {
    "resume_cronjob": {"suspend": True},
    "resume_deployment": {"paused": True},
    "uncordon_node": {"unschedulable": True},
}
"""What the target must be for there to be something to do."""


def test_the_committed_pages_are_the_generated_ones() -> None:
    made = pages()
    stale = [path.name for path, text in made.items() if not path.exists() or path.read_text() != text]
    stale += [path.name for path in DOCS.rglob("*.md") if path not in made]
    assert stale == [], "run scripts/docs"


def test_no_link_of_a_page_is_dead() -> None:
    dead = [
        f"{path.name}: {link}"
        for path, text in pages().items()
        for link in re.findall(r"\]\(([^)#:]+)\)", text)
        if not (path.parent / link).exists()
    ]
    assert dead == []


@cache
def cluster() -> Kube:
    """Every example's target, with two revisions of what has a history."""
    clock = SimulatedClock()
    backend = FakeBackend(clock)
    kube = Kube(backend.client(), clock)
    for name in ("default", "shop"):
        if name != "default":
            kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
    for spec in SPECS.values():
        resource: Any = spec.example["resource"]
        kind, _, plural = resource["kind"], resource["api_version"], ""
        version, plural = spec.kinds.get(kind, ("v1", "configmaps"))
        name = f"{resource['name']}-{spec.type.replace('_', '-')}"
        body = {**BODIES.get(kind, {"spec": {} if kind == "Node" else WORKLOAD})}
        if spec.type in OPPOSITE:
            body["spec"] = {**body["spec"], **OPPOSITE[spec.type]}
        namespace = resource.get("namespace", "")
        kube.create(path_of(version, plural, namespace=namespace), {"metadata": {"name": name}, **body})
        backend.cluster.settle()
        for revision in range(3) if spec.type.startswith("rollback") else ():
            template = {"metadata": {"annotations": {"edited": str(revision)}}}
            path = path_of(version, plural, namespace=namespace, name=name)
            kube.patch(path, {"spec": {"template": template}}, type="merge")
            backend.cluster.settle()
    return kube


@pytest.mark.parametrize("name", SPECS)
def test_the_config_of_a_page_is_valid_and_can_be_planned(name: str) -> None:
    text = (DOCS / "actions" / f"{name}.md").read_text()
    (block,) = re.findall(r"^```json\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    order = json.loads(block)
    order["actions"][0]["resource"]["name"] += f"-{name.replace('_', '-')}"
    (action,) = parse(Config("page", 1, json.dumps(order).encode(), "test"), SPECS, Limits())
    assert isinstance(action, Action), action
    executor = EXECUTORS[name]
    seen = executor.look(action, None, cluster())
    limits = ExecLimits(commands=("df",))
    planned = executor.plan(action, seen, Circumstances(STAMP, action.key.marker, exec_limits=limits))
    if isinstance(planned, Outcome):
        assert (planned.status, planned.reason) == (Status.SUCCEEDED, "Read"), planned
    else:
        assert isinstance(planned, Plan)
        assert planned.text
