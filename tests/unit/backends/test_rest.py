"""Plain requests: every answer is an answer, and none is one line."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.fake import FakeBackend
from backends.live import LiveBackend
from backends.rest import NoAnswer, Rest, path_of

pytestmark = pytest.mark.http


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """The door to an in-memory server, over HTTP."""
    path = tmp_path_factory.mktemp("rest") / "kubeconfig"
    with FakeBackend() as backend, LiveBackend(backend.kubeconfig(path)) as live:
        yield Rest(live.client())


def body(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


@pytest.mark.parametrize(
    ("version", "plural", "more", "path"),
    [
        ("v1", "nodes", (), "/api/v1/nodes"),
        ("v1", "nodes", ("", "n/1"), "/api/v1/nodes/n%2F1"),
        ("apps/v1", "deployments", ("shop", "web", "scale"), "/apis/apps/v1/namespaces/shop/deployments/web/scale"),
        ("v1", "namespaces", ("", "shop", "finalize"), "/api/v1/namespaces/shop/finalize"),
    ],
)
def test_paths_are_kubernetes_own(version: str, plural: str, more: tuple[str, ...], path: str) -> None:
    assert path_of(version, plural, *more) == path


def test_a_refusal_is_an_answer_with_its_reason(rest: Rest) -> None:
    missing = rest.get(path_of("v1", "configmaps", "default", "none"))
    assert (missing.ok, missing.status, missing.why) == (False, 404, 'configmaps "none" not found')
    assert rest.send("POST", path_of("v1", "configmaps", "default"), body("a")).status == 201
    assert rest.send("DELETE", path_of("v1", "configmaps", "default", "a")).ok


def test_what_is_no_object_is_kept_as_a_message(rest: Rest) -> None:
    assert rest.get("/readyz").body == {"message": "ok"}


def test_a_watch_shows_what_happens_and_ends_when_it_is_closed(rest: Rest) -> None:
    path = path_of("v1", "configmaps", "default")
    watch = rest.watch(path, rest.get(path).body["metadata"]["resourceVersion"], 30)
    rest.send("POST", path, body("seen"))
    events = iter(watch)
    event = next(events)
    assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "seen")
    watch.close()
    assert [event for event in events if event["type"] != "BOOKMARK"] == []


def test_a_watch_from_a_version_that_is_unknown_is_one_error_event(rest: Rest) -> None:
    event = next(iter(rest.watch(path_of("v1", "configmaps", "default"), "nonsense", 5)))
    assert event["type"] == "ERROR"
    assert event["object"]["code"] >= 400


def test_no_answer_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    path = tmp_path / "kubeconfig"
    path.write_text(
        f"clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n"
        "contexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\n"
    )
    with LiveBackend(path) as live, pytest.raises(NoAnswer, match=r"Connection refused") as caught:
        Rest(live.client()).get("/version")
    assert "\n" not in str(caught.value)
