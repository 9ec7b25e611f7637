"""ClusterRoles that are made of others follow them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.access import GROUP, role, rule
from tests.unit.backends.fake.controllers.world import World

ROLES = f"/apis/{GROUP}/v1/clusterroles"


@pytest.fixture
def world() -> World:
    return World()


def resources(world: World, name: str) -> set[str]:
    return {resource for one in world.object(f"{ROLES}/{name}")["rules"] or () for resource in one["resources"]}


def part(name: str, of: str, *rules: Any) -> dict[str, Any]:
    made = role(name, *rules, cluster=True)
    made["metadata"]["labels"] = {f"{GROUP}/aggregate-to-{of}": "true"}
    return made


def test_the_usual_roles_contain_each_other(world: World) -> None:
    view, edit, admin = (resources(world, name) for name in ("view", "edit", "admin"))
    assert "pods" in view
    assert "secrets" in edit - view
    assert "roles" in admin - edit
    assert view < edit < admin


def test_a_new_part_is_in_the_whole_before_the_next_request(world: World) -> None:
    world.made(ROLES, part("widgets", "view", rule("get", "example.com", "widgets")))
    assert all("widgets" in resources(world, name) for name in ("view", "edit", "admin"))
    world.delete(f"{ROLES}/widgets")
    assert not any("widgets" in resources(world, name) for name in ("view", "edit", "admin"))


def test_a_part_that_changes_changes_the_whole(world: World) -> None:
    world.made(ROLES, part("widgets", "view", rule("get", "example.com", "widgets")))
    world.patch(f"{ROLES}/widgets", {"rules": [rule("get", "example.com", "gadgets")]})
    assert "gadgets" in resources(world, "view")
    assert "widgets" not in resources(world, "view")


def test_what_somebody_writes_into_the_whole_is_put_back(world: World) -> None:
    before = world.object(f"{ROLES}/view")["rules"]
    world.patch(f"{ROLES}/view", {"rules": [rule("*", "*", "*")]})
    assert world.object(f"{ROLES}/view")["rules"] == before


def test_a_rule_that_two_parts_have_is_there_once(world: World) -> None:
    for name in ("one", "two"):
        world.made(ROLES, part(name, "mine", rule("get", "example.com", "widgets")))
    whole = role("whole", cluster=True)
    whole["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {f"{GROUP}/aggregate-to-mine": "true"}}]}
    world.made(ROLES, whole)
    assert world.object(f"{ROLES}/whole")["rules"] == [rule("get", "example.com", "widgets")]


def test_a_whole_that_is_complete_is_not_written_again(world: World) -> None:
    before = world.object(f"{ROLES}/view")["metadata"]["resourceVersion"]
    world.made(ROLES, role("unrelated", cluster=True))
    assert world.object(f"{ROLES}/view")["metadata"]["resourceVersion"] == before
