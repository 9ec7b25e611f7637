"""A client for the tests of the API server: dicts in, status and dict out, straight into `Cluster.handle`."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from backends.clock import SimulatedClock
from backends.fake.cluster import Cluster
from backends.fake.messages import Request, Response
from backends.fake.watching import WatchStream

CM = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MERGE, JSON_PATCH, STRATEGIC = (
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/strategic-merge-patch+json",
)

POD_SPEC = {"containers": [{"name": "c", "image": "example.com/app:1"}]}
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": POD_SPEC}


class Answer(NamedTuple):
    """One answer, its body parsed where it is JSON."""

    code: int
    body: Any
    headers: dict[str, str]


class Door:
    """One cluster under a simulated clock, without controllers unless told otherwise."""

    def __init__(self, *, controllers: bool = False, **options: Any) -> None:
        self.clock = SimulatedClock()
        self.cluster = Cluster(self.clock, controllers=controllers, **options)

    def send(self, method: str, target: str, body: bytes = b"", **headers: str) -> Response:
        """One request; header names with underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.cluster.handle(Request(method, target, named, body))

    def ask(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        """`send` with JSON both ways."""
        data = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        headers.setdefault("content_type", "application/json")
        response = self.send(method, target, data, **headers)
        parsed: Any = response.body
        if response.body and response.headers.get("Content-Type", "").startswith("application/json"):
            parsed = orjson.loads(response.body)
        return Answer(response.status, parsed, response.headers)

    def get(self, target: str) -> Answer:
        return self.ask("GET", target)

    def post(self, target: str, body: Any) -> Answer:
        return self.ask("POST", target, body)

    def made(self, target: str, body: Any) -> Any:
        """POST that must succeed; the object."""
        answer = self.post(target, body)
        assert answer.code == 201, answer
        return answer.body

    def put(self, target: str, body: Any) -> Answer:
        return self.ask("PUT", target, body)

    def patch(self, target: str, body: Any, media: str = MERGE) -> Answer:
        return self.ask("PATCH", target, body, content_type=media)

    def delete(self, target: str, body: Any = None) -> Answer:
        return self.ask("DELETE", target, body)

    def watch(self, target: str) -> WatchStream:
        """Open a watch that must succeed."""
        response = self.send("GET", target + ("&" if "?" in target else "?") + "watch=1")
        assert isinstance(response.stream, WatchStream), response.body
        return response.stream


def events(stream: WatchStream) -> list[tuple[str, Any]]:
    """What a stream has to give now: types and objects."""
    found = [orjson.loads(line) for line in stream.take()]
    return [(event["type"], event["object"]) for event in found]


def named(stream: WatchStream) -> list[tuple[str, str]]:
    """What a stream has to give now: types and names."""
    return [(kind, obj["metadata"].get("name", "")) for kind, obj in events(stream)]


def config_map(name: str = "a", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": {"k": "v"}}


def pod(name: str = "p", node: str = "", **metadata: Any) -> dict[str, Any]:
    spec: dict[str, Any] = dict(POD_SPEC)
    if node:
        spec["nodeName"] = node
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": spec}


def deployment(name: str = "web", replicas: int = 2) -> dict[str, Any]:
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
