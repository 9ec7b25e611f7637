"""Three terminals: `fake serve`, `run` twice, `submit`; real processes, real signals, a real SIGKILL."""

from __future__ import annotations

import json
import signal

import pytest

from kubeactions.kube import Kube
from kubeactions.model import Record, Status
from tests.cli.terminals import PATIENCE_S, Terminals, pod

pytestmark = pytest.mark.http


@pytest.mark.slow
def test_three_terminals_and_the_death_of_the_leader(terminals: Terminals, kube: Kube) -> None:
    leader = terminals.replica("first")
    terminals.until(lambda: '"leading"' in terminals.log("first"), "the first replica leads")
    follower = terminals.replica("second")
    uids = {name: pod(kube, name) for name in ("one", "two")}

    def ordered(name: str) -> Record:
        done = terminals.run("submit", "delete_pod", name, "-n", "default", "--source", terminals.actions, "--id", name)
        assert done.returncode == 0, done.stderr
        found: Record = terminals.until(lambda: terminals.settled(kube, name), f"the end of action {name}")
        assert found.outcome is not None
        assert found.intent is not None
        assert (found.outcome.status, found.intent.uid) == (Status.SUCCEEDED, uids[name])
        return found

    assert ordered("one").replica == "first"
    leader.send_signal(signal.SIGKILL)
    assert ordered("two").replica == "second"

    follower.send_signal(signal.SIGTERM)
    assert follower.wait(PATIENCE_S) == 0
    third = terminals.replica("third")
    terminals.until(lambda: '"leading"' in terminals.log("third"), "the third replica leads, after a hand-over")
    third.send_signal(signal.SIGINT)
    assert third.wait(PATIENCE_S) == 130

    history = terminals.run("history", "--kubeconfig", terminals.kubeconfig)
    assert [line.split()[1] for line in history.stdout.splitlines()[1:]] == ["one:v1", "two:v1"]
    told = terminals.run("why", "two", "--kubeconfig", terminals.kubeconfig)
    assert (told.returncode, told.stdout.startswith("two:v1  succeeded\n")) == (0, True)
    messages = [json.loads(line)["message"] for line in terminals.log("first").splitlines()]
    assert messages[0].startswith("replica first on http")
    assert f"watches directory {terminals.actions}" in messages
    assert all("Traceback" not in terminals.log(name) for name in ("first", "second", "third"))
