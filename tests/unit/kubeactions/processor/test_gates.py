"""The gates on an API server: what people ask, what has begun, and what survives a change of leader."""

from __future__ import annotations

from typing import Any

import pytest

from backends.faults import Answer, Crash, LoseAnswer, LoseRequest, Match, Pause
from kubeactions.ledger import NAME, REQUESTS_NAME, Approval, Requests, read
from kubeactions.ledger import Pause as Stop
from kubeactions.model import Phase
from kubeactions.policy import OPT_OUT
from kubeactions.settings import Settings, parse
from tests.unit.kubeactions.bench import Bench

ASKED = Match(verb="get", resource="configmaps", name=REQUESTS_NAME)
DELETE = Match(verb="delete", resource="pods")


def bench(**keys: str) -> Bench:
    environment = {f"DD_KUBEACTIONS_{name.upper()}": value for name, value in keys.items()}
    return Bench(parse("", {"DD_KUBEACTIONS_ENABLED": "true", **environment}))


def people(world: Bench) -> Requests:
    return Requests(world.kube, "default")


def pause(world: Bench, name: str = "incident", reason: str = "incident 7") -> None:
    assert people(world).pause(Stop(name, reason, "anna", world.clock.wall()))


def resume(world: Bench) -> None:
    asked = people(world).read()
    people(world).resume(asked.pauses, "anna", world.clock.wall())


def order(world: Bench, *names: str, config: str = "c", **more: Any) -> None:
    for name in names:
        if world.get("Pod", name) is None:
            world.pod(name)
        world.config(f"{config}-{name}", 1, world.order("delete_pod", name, **more))


def deleted(world: Bench, *names: str) -> int:
    return sum(len(world.effects("delete", name)) for name in names)


def reasons(world: Bench, key: str) -> list[str]:
    return [one.reason for one in world.record(key).why]


# --- pause ---


def test_nothing_is_begun_while_paused_and_everything_goes_on_after(desk: Bench) -> None:
    pause(desk)
    order(desk, "web-0")
    agent = desk.agent("replica-1")
    desk.run(20, agent)
    assert deleted(desk, "web-0") == 0
    assert "Paused" in reasons(desk, "c-web-0:v1")
    assert "incident 7 (incident, by anna, since" in desk.record("c-web-0:v1").why[-1].text
    resume(desk)
    desk.run(10, agent)
    assert desk.effects("delete", "web-0") == ["replica-1"]


def test_any_text_under_the_name_pauses(desk: Bench) -> None:
    body = {"metadata": {"name": REQUESTS_NAME}, "data": {"pause.by-hand": "stop,\n please"}}
    desk.kube.create("/api/v1/namespaces/default/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", **body})
    order(desk, "web-0")
    desk.run(10, desk.agent("replica-1"))
    assert deleted(desk, "web-0") == 0
    assert desk.record("c-web-0:v1").why[-1].text == "paused: stop, please (by-hand)"


def test_two_reasons_must_both_go(desk: Bench) -> None:
    pause(desk, "one")
    pause(desk, "two")
    order(desk, "web-0")
    agent = desk.agent("replica-1")
    desk.run(10, agent)
    (first, _) = people(desk).read().pauses
    people(desk).resume([first], "anna", desk.clock.wall())
    desk.run(10, agent)
    assert deleted(desk, "web-0") == 0


def test_a_pause_between_intent_and_send_takes_the_intent_back(desk: Bench) -> None:
    order(desk, "web-0")
    agent = desk.agent("replica-1")

    def meanwhile() -> None:
        pause(desk)
        desk.clock.advance(2)  # The last reading is too old to rely on.

    desk.faults.add(Pause(meanwhile, "after"), Match(verb="patch", resource="configmaps", name=NAME), first=2, times=1)
    desk.run(10, agent)
    assert deleted(desk, "web-0") == 0
    assert desk.record("c-web-0:v1").phase is Phase.PENDING
    resume(desk)
    desk.run(10, agent)
    assert desk.effects("delete", "web-0") == ["replica-1"]


def test_a_pause_in_the_middle_of_a_batch_stops_the_rest_of_it(desk: Bench) -> None:
    names = [f"web-{number}" for number in range(6)]
    order(desk, *names)

    def meanwhile() -> None:
        pause(desk)
        desk.clock.advance(2)

    desk.faults.add(Pause(meanwhile), DELETE, first=3, times=1)
    agent = desk.agent("replica-1")
    desk.run(20, agent)
    assert deleted(desk, *names) == 3
    resume(desk)
    desk.run(20, agent)
    assert [desk.effects("delete", name) for name in names] == [["replica-1"]] * 6


@pytest.mark.parametrize("fault", [LoseRequest(), Answer(503)], ids=repr)
def test_a_reading_before_a_send_that_gets_no_answer_sends_nothing(desk: Bench, fault: Any) -> None:
    order(desk, "web-0")
    agent = desk.agent("replica-1")
    rule = desk.faults.add(fault, ASKED)
    desk.run(20, agent)
    assert deleted(desk, "web-0") == 0
    desk.faults.remove(rule)
    desk.run(10, agent)
    assert desk.effects("delete", "web-0") == ["replica-1"]


def test_a_new_leader_that_finds_an_intent_does_not_send_while_paused(desk: Bench) -> None:
    order(desk, "web-0")
    desk.faults.add(Crash("before"), DELETE, times=1)
    desk.run(10, desk.agent("replica-1"))
    assert desk.record("c-web-0:v1").phase is Phase.INTENT
    pause(desk)
    second = desk.agent("replica-2")
    desk.run(60, second)
    assert deleted(desk, "web-0") == 0
    resume(desk)
    desk.run(20, second)
    assert desk.effects("delete", "web-0") == ["replica-2"]


# --- opt-out ---


def test_an_object_that_asks_for_it_is_not_touched(desk: Bench) -> None:
    desk.pod("web-0", annotations={OPT_OUT: "true"})
    order(desk, "web-0")
    desk.run(10, desk.agent("replica-1"))
    outcome = desk.record("c-web-0:v1").outcome
    assert outcome is not None
    assert (outcome.status, outcome.reason) == ("rejected", "OptedOut")
    assert deleted(desk, "web-0") == 0


# --- approvals ---


def approve(world: Bench, name: str, by: str, digest: str = "") -> None:
    record = world.record(f"c-{name}:v1")
    approval = Approval(record.marker, str(record.key), digest or record.digest, by, world.clock.wall())
    assert people(world).approve(approval)


def test_an_action_waits_for_two_people_and_their_approvals_are_taken_out() -> None:
    world = bench(approvals="delete_pod=2")
    order(world, "web-0", requested_by="anna")
    agent = world.agent("replica-1")
    world.run(5, agent)
    approve(world, "web-0", "anna")
    approve(world, "web-0", "ben")
    world.run(10, agent)
    assert deleted(world, "web-0") == 0, "anna ordered it herself"
    assert "1 of 2 approvals (by ben)" in world.record("c-web-0:v1").why[-1].text
    approve(world, "web-0", "cleo")
    world.run(10, agent)
    assert world.effects("delete", "web-0") == ["replica-1"]
    order(world, "web-1", config="later")
    world.run(5, agent)
    assert people(world).read().approvals == ()


def test_an_approval_of_other_content_does_not_count() -> None:
    world = bench(approvals="*=1")
    order(world, "web-0")
    agent = world.agent("replica-1")
    world.run(5, agent)
    approve(world, "web-0", "ben", digest="0" * 64)
    world.run(10, agent)
    assert deleted(world, "web-0") == 0


# --- rates, in flight, blast radius: over a change of leader ---


def test_a_rate_is_kept_by_the_next_leader() -> None:
    world = bench(rate_per_action_type="delete_pod=2/10m")
    names = ["web-0", "web-1", "web-2"]
    order(world, *names)
    first = world.agent("replica-1")
    world.run(10, first)
    assert deleted(world, *names) == 2
    assert "RateLimited" in reasons(world, "c-web-2:v1")
    second = world.agent("replica-2")
    world.run(120, second)
    assert deleted(world, *names) == 2
    world.run(240, second)
    assert deleted(world, *names) == 3


def test_what_is_on_record_of_a_moving_wait_is_written_anew_once_a_minute_and_in_its_place() -> None:
    world = bench(rate_per_action_type="delete_pod=6/2m")
    names = [f"web-{number}" for number in range(10)]
    order(world, *names)
    agent = world.agent("replica-1")
    heard: set[str] = set()
    for _ in range(15):
        world.run(5, agent)
        (wait,) = (one for one in world.record("c-web-9:v1").why if one.step == "wait")
        heard.add(wait.text)
    assert deleted(world, *names) == 9
    assert len(heard) == 2
    assert all(text.startswith("rate of delete_pod: 6 in 120 s; the next may begin at ") for text in heard)


def test_the_blast_radius_is_kept_by_the_next_leader() -> None:
    world = bench(blast_radius_percent="50%", blast_radius_window_s="5m")
    names = ["web-0", "web-1", "web-2", "web-3"]
    order(world, *names)
    world.run(10, world.agent("replica-1"))
    gone = deleted(world, *names)
    assert gone == 2
    second = world.agent("replica-2")
    world.run(200, second)
    assert deleted(world, *names) == 2
    world.run(200, second)
    assert deleted(world, *names) > 2


def test_what_cannot_be_counted_may_be_touched_one_at_a_time() -> None:
    world = bench(blast_radius_percent="100%", blast_radius_window_s="5m")
    world.faults.add(Answer(403), Match(verb="list", resource="pods"))
    order(world, "web-0", "web-1")
    world.run(20, world.agent("replica-1"))
    assert deleted(world, "web-0", "web-1") == 1
    waits = [*reasons(world, "c-web-0:v1"), *reasons(world, "c-web-1:v1")]
    assert "BlastRadius" in waits


@pytest.mark.parametrize(("allowed", "highest"), [("1", 1), ("3", 3), ("32", 8)], ids=["one", "three", "a batch"])
def test_no_more_are_in_flight_than_allowed_nor_in_a_round_and_the_next_begins_when_one_has_ended(
    allowed: str, highest: int
) -> None:
    world = bench(max_in_flight=allowed)
    names = [f"web-{number}" for number in range(10)]
    order(world, *names)
    flying: list[int] = []

    def count() -> None:
        flying.append(sum(one.phase is Phase.INTENT for one in read(world.kube, "default").records))

    world.faults.add(Pause(count), Match(identity="replica-1", verb="delete", resource="pods"))
    agent = world.agent("replica-1")
    agent.elector.step()
    while agent.processor.step() == 0.0:
        pass
    assert deleted(world, *names) == 10, "at one and the same time"
    assert max(flying) == highest


# --- breaker ---


def failing(world: Bench, number: int) -> None:
    """Actions on pods that are not there."""
    for index in range(number):
        world.config(f"bad-{index}", 1, world.order("delete_pod", f"none-{index}"))


def test_too_many_failures_pause_the_system_until_somebody_resumes() -> None:
    world = bench(breaker_failures="3", breaker_window_s="10m")
    failing(world, 3)
    agent = world.agent("replica-1")
    world.run(10, agent)
    (found,) = people(world).read().pauses
    assert found.name == "breaker"
    assert "3 actions failed" in found.reason
    order(world, "web-0")
    world.run(900, agent)  # Longer than the window: only a person resumes.
    assert deleted(world, "web-0") == 0
    world.config("c-web-0", 1, world.order("delete_pod", "web-0"))
    resume(world)
    world.run(10, agent)
    assert world.effects("delete", "web-0") == ["replica-1"]


def test_after_a_resumption_the_old_failures_do_not_count_for_a_new_leader_either() -> None:
    world = bench(breaker_failures="3", breaker_window_s="1h")
    failing(world, 3)
    world.run(10, world.agent("replica-1"))
    assert people(world).read().pauses
    resume(world)
    order(world, "web-0")
    world.run(60, world.agent("replica-2"))
    assert world.effects("delete", "web-0") == ["replica-2"]
    assert people(world).read().pauses == ()


def test_a_breaker_whose_pause_cannot_be_written_holds_all_the_same() -> None:
    world = bench(breaker_failures="3", breaker_window_s="1h")
    write = [
        world.faults.add(Answer(403), Match(verb=verb, resource="configmaps", name=name))
        for verb, name in (("create", "*"), ("patch", REQUESTS_NAME))
    ]
    failing(world, 3)
    world.kube.create(
        "/api/v1/namespaces/default/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": REQUESTS_NAME}},
    )
    world.faults.remove(write[0])
    agent = world.agent("replica-1")
    world.run(10, agent)
    order(world, "web-0")
    world.run(20, agent)
    assert deleted(world, "web-0") == 0
    world.faults.remove(write[1])
    world.run(20, agent)
    assert [one.name for one in people(world).read().pauses] == ["breaker"]


def test_a_new_leader_finds_the_breaker_open_when_the_old_one_died_before_saying_so() -> None:
    world = bench(breaker_failures="3", breaker_window_s="1h")
    failing(world, 3)
    world.faults.add(Crash("before"), Match(verb="create", resource="configmaps"), first=2, times=1)
    world.run(10, world.agent("replica-1"))
    order(world, "web-0")
    world.run(60, world.agent("replica-2"))
    assert deleted(world, "web-0") == 0
    assert [one.name for one in people(world).read().pauses] == ["breaker"]


# --- dry run ---


@pytest.mark.parametrize("switch", ["setting", "action"])
def test_a_dry_run_changes_nothing_and_says_so(switch: str) -> None:
    world = bench(dry_run="true") if switch == "setting" else bench()
    world.deployment("cart")
    before = world.get("Deployment", "cart")
    more: dict[str, Any] = {"dry_run": True} if switch == "action" else {}
    order(world, "web-0", **more)
    world.config("r", 1, world.order("restart_deployment", "cart", **more))
    world.run(10, world.agent("replica-1"))
    assert deleted(world, "web-0") == 0
    assert world.get("Pod", "web-0") is not None
    assert world.get("Deployment", "cart") == before
    for key in ("c-web-0:v1", "r:v1"):
        outcome = world.record(key).outcome
        assert outcome is not None
        assert (outcome.status, outcome.reason) == ("dry_run", "WouldBeDone")
        assert outcome.message.startswith("dry run, nothing was changed")
    assert world.reporter.statuses() == {"c-web-0:v1": "dry_run", "r:v1": "dry_run"}


def test_a_dry_run_says_what_the_api_server_would_refuse() -> None:
    world = bench(dry_run="true")
    world.faults.add(Answer(403), DELETE)
    order(world, "web-0")
    world.config("gone", 1, world.order("delete_pod", "nobody"))
    world.run(10, world.agent("replica-1"))
    refused, gone = (world.record(key).outcome for key in ("c-web-0:v1", "gone:v1"))
    assert refused is not None
    assert gone is not None
    assert (refused.status, refused.reason) == ("dry_run", "WouldFail")
    assert (gone.status, gone.message.split(":")[0]) == ("dry_run", "dry run, nothing was changed")
    assert "it would end as failed" in gone.message


def test_a_dry_run_of_an_eviction_that_two_budgets_forbid_says_so() -> None:
    bench = Bench()
    bench.pod("web-0", labels={"app": "web"})
    bench.kube.patch("/api/v1/namespaces/shop/pods/web-0/status", {"status": {"phase": "Running"}}, type="merge")
    for name in ("one", "two"):
        budget = {"spec": {"minAvailable": 0, "selector": {"matchLabels": {"app": "web"}}}, "metadata": {"name": name}}
        bench.kube.create("/apis/policy/v1/namespaces/shop/poddisruptionbudgets", budget)
    bench.config("c1", 1, bench.order("evict_pod", "web-0", dry_run=True))
    bench.run(10, bench.agent("replica-1"))
    outcome = bench.record("c1:v1").outcome
    assert outcome is not None
    assert (outcome.status, outcome.reason) == ("dry_run", "WouldFail")
    assert "more than one PodDisruptionBudget" in outcome.message


def test_a_dry_run_without_an_answer_is_tried_again() -> None:
    world = bench(dry_run="true")
    world.faults.add(LoseAnswer(), DELETE, times=2)
    order(world, "web-0")
    world.run(20, world.agent("replica-1"))
    assert world.status("c-web-0:v1") == "dry_run"


def test_a_rehearsed_action_is_not_run_when_dry_run_is_switched_off() -> None:
    world = bench(dry_run="true")
    order(world, "web-0", action_id="a1")
    world.run(10, world.agent("replica-1"))
    second = world.agent("replica-2", safety=Settings().safety)
    world.run(60, second)
    assert deleted(world, "web-0") == 0
    world.config("c-web-0", 2, world.order("delete_pod", "web-0", action_id="a1"))
    world.run(10, second)
    assert world.effects("delete", "web-0") == ["replica-2"], "a rehearsal does not use up the action_id"


def test_a_read_is_done_in_a_dry_run() -> None:
    world = bench(dry_run="true")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    world.kube.create("/api/v1/namespaces/shop/configmaps", body)
    world.config("read", 1, world.order("get_resource", "settings"))
    world.run(10, world.agent("replica-1"))
    assert world.status("read:v1") == "succeeded"


# --- order on one target ---


def test_what_waits_for_another_on_its_target_says_so(desk: Bench) -> None:
    pause(desk)
    order(desk, "web-0")
    agent = desk.agent("replica-1")
    desk.run(4, agent)
    order(desk, "web-0", config="second")
    desk.run(10, agent)
    why = desk.record("second-web-0:v1").why
    assert ("TargetBusy", "c-web-0:v1 is first for Pod shop/web-0") in [(one.reason, one.text) for one in why]


def test_what_may_begin_later_holds_nobody_up(desk: Bench) -> None:
    later = {"seconds": int(desk.clock.wall().timestamp()) + 120}
    order(desk, "web-0", not_before=later)
    agent = desk.agent("replica-1")
    desk.run(5, agent)
    order(desk, "web-0", config="now")
    desk.run(10, agent)
    assert desk.status("now-web-0:v1") == "succeeded"
    assert reasons(desk, "c-web-0:v1")[-1] == "NotBefore"
    desk.pod("web-0")
    desk.run(130, agent)
    assert desk.status("c-web-0:v1") == "succeeded"


@pytest.fixture
def desk() -> Bench:
    return bench()


# --- a full history ---


def test_a_full_history_is_said_everywhere_and_new_work_goes_on_when_it_is_pruned(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = bench(limits_segments="1", retention_s="60s", expiry_s="10m")
    agent = world.agent("replica-1")
    first = [f"old-{number:02}" for number in range(80)]
    order(world, *first)
    world.run(60, agent)  # Enough to be sealed.
    assert deleted(world, *first) == 80
    order(world, "late")
    world.run(20, agent)
    assert deleted(world, "late") == 0
    meta = read(world.kube, "default").meta
    assert meta is not None
    assert [(one.id, one.reason) for one in meta.waiting] == [("c-late", "HistoryFull")]
    assert "nothing new is accepted: the history is full (1 segments" in caplog.text
    events = world.kube.list("/api/v1/namespaces/default/events")["items"]
    assert [one["reason"] for one in events].count("HistoryFull") == 1
    world.source.configs.clear()
    world.run(720, agent)  # Past expiry, tolerance and retention of the oldest part.
    order(world, "late", config="again")
    world.run(20, agent)
    assert world.effects("delete", "late") == ["replica-1"]
    assert "there is room for new work again" in caplog.text
