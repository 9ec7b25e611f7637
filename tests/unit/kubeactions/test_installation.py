"""The objects of an installation: valid, restricted, deterministic, and true to the settings that they carry."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
import yaml

from kubeactions import registry
from kubeactions.installation import ACTIONS_MOUNT, Choices, pieces, settings_of, stream
from kubeactions.model import JsonObject
from kubeactions.settings import Settings, parse

SPECS = registry.specs(registry.load())
CHOICES = Choices({"delete_pod": SPECS["delete_pod"]}, "example.com/kubeactions:1")


def objects(choices: Choices = CHOICES) -> list[JsonObject]:
    return [piece.body for piece in pieces(choices, parse(settings_of(choices), {}))]


def one(kind: str, name: str, choices: Choices = CHOICES) -> JsonObject:
    (found,) = (made for made in objects(choices) if (made["kind"], made["metadata"]["name"]) == (kind, name))
    return found


def pod() -> Any:
    return one("Deployment", "kubeactions")["spec"]["template"]["spec"]


def test_every_object_is_valid_by_the_schema_of_its_kind() -> None:
    for made in objects(Choices(dict(SPECS), "i", targets=("shop",))):
        kubernetes_validate.validate(made, "1.34", strict=True)


def test_what_is_used_comes_before_who_uses_it() -> None:
    kinds = [made["kind"] for made in objects()]
    assert kinds[:2] == ["Namespace", "ServiceAccount"]
    assert kinds[-1] == "Deployment"
    assert kinds.index("Role") < kinds.index("RoleBinding") < kinds.index("ConfigMap")


def test_the_pod_meets_the_restricted_standard() -> None:
    (container,) = pod()["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert (pod()["securityContext"]["runAsNonRoot"], pod()["securityContext"]["runAsUser"]) == (True, 65532)
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {next(iter(volume.keys() - {"name"})) for volume in pod()["volumes"]} == {"configMap"}


def test_the_kubelet_waits_longer_than_the_agent_takes() -> None:
    choices = Choices(CHOICES.specs, "i", more_settings={"kubeactions.shutdown_timeout_s": 45})
    deployment = one("Deployment", "kubeactions", choices)
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 55


def test_the_settings_enable_exactly_the_actions_that_the_account_may_do() -> None:
    settings = parse(one("ConfigMap", "kubeactions-settings")["data"]["datadog.yaml"], {})
    assert settings.active
    assert settings.allowed_actions == frozenset({"delete_pod"})
    assert settings.ledger_namespace == "kubeactions"
    assert [plug.options["path"] for plug in settings.sources] == [ACTIONS_MOUNT]
    assert settings.listen == ":8080"


def test_another_setting_rolls_the_pods() -> None:
    def digest(choices: Choices) -> str:
        template = one("Deployment", "kubeactions", choices)["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/settings"])

    other = Choices(CHOICES.specs, CHOICES.image, more_settings={"kubeactions.expiry_s": 600})
    assert digest(CHOICES) == digest(Choices(CHOICES.specs, CHOICES.image)) != digest(other)


def test_applying_it_again_takes_no_action_away() -> None:
    assert "data" not in one("ConfigMap", "kubeactions-actions")


def test_the_text_is_the_objects_with_comments_and_the_same_each_time() -> None:
    found = pieces(CHOICES, Settings())
    text = stream(found, "title")
    assert text == stream(pieces(CHOICES, Settings()), "title")
    assert list(yaml.safe_load_all(text)) == [piece.body for piece in found]
    assert text.startswith("# title\n---\n# The pods are held to")
    assert "#   pods (delete, get): delete_pod\n" in text
    assert "datadog.yaml: |\n    kubeactions:\n" in text, "a file is to be read by people"


@pytest.mark.parametrize("replicas", [1, 2, 5])
def test_a_drain_can_always_take_one_replica(replicas: int) -> None:
    choices = Choices(CHOICES.specs, "i", replicas=replicas)
    assert one("Deployment", "kubeactions", choices)["spec"]["replicas"] == replicas
    assert one("PodDisruptionBudget", "kubeactions", choices)["spec"]["maxUnavailable"] == 1
