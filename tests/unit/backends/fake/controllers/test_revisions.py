"""ControllerRevisions: latest, brought forward, new; and which are too many."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from backends.fake.controllers import revisions
from backends.fake.controllers.client import Create, Delete, Update
from backends.fake.controllers.kinds import STATEFUL_SETS
from backends.fake.controllers.templates import template_hash

Obj = dict[str, Any]


def owner(image: str = "a", limit: int = 10) -> Obj:
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    metadata = {"name": "db", "namespace": "default", "uid": "u1"}
    return {"metadata": metadata, "spec": {"template": template, "revisionHistoryLimit": limit}}


def past(*images: str) -> list[Obj]:
    """The revisions that these templates leave, one after the other."""
    found: list[Obj] = []
    for image in images:
        found = deepcopy(revisions.history(STATEFUL_SETS, owner(image), found, "hash").revisions)
    return found


def test_the_first_template_makes_revision_1_which_can_put_it_back() -> None:
    made = revisions.history(STATEFUL_SETS, owner(), [], "hash")
    assert [type(write) for write in made.writes] == [Create]
    assert made.update["revision"] == 1
    assert made.update["data"]["spec"]["template"]["$patch"] == "replace"
    assert revisions.template_of(made.update) == owner()["spec"]["template"]
    assert made.update["metadata"]["name"] == f"db-{made.update['metadata']['labels']['hash']}"


def test_the_same_template_makes_nothing() -> None:
    assert revisions.history(STATEFUL_SETS, owner("b"), past("a", "b"), "hash").writes == []


def test_an_old_template_is_brought_forward() -> None:
    again = revisions.history(STATEFUL_SETS, owner("a"), past("a", "b"), "hash")
    assert [type(write) for write in again.writes] == [Update]
    assert again.update["revision"] == 3


def test_two_templates_with_one_hash_get_two_names() -> None:
    taken = past("b")
    taken[0]["metadata"]["name"] = "db-" + template_hash(revisions.template_patch(owner("a"))["spec"]["template"], None)
    made = revisions.history(STATEFUL_SETS, owner("a"), taken, "hash")
    assert made.update["metadata"]["name"] != taken[0]["metadata"]["name"]


def test_the_oldest_go_first_and_those_in_use_stay() -> None:
    found = past("a", "b", "c", "d")
    live = [found[0]["metadata"]["name"], found[3]["metadata"]["name"]]
    gone = revisions.surplus(owner(limit=1), found, live)
    assert all(isinstance(write, Delete) for write in gone)
    assert [write.obj["revision"] for write in gone] == [2]
