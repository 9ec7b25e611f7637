"""The live backend: which cluster it finds, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from backends.base import BackendError
from backends.live import LiveBackend

KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [
        {"name": "c", "cluster": {"server": "http://127.0.0.1:1"}},
        {"name": "d", "cluster": {"server": "https://other:6443", "certificate-authority": "pki/ca.crt"}},
    ],
    "users": [{"name": "u", "user": {"token": "t"}}],
    "contexts": [
        {"name": "x", "context": {"cluster": "c", "user": "u"}},
        {"name": "y", "context": {"cluster": "d", "user": "u"}},
    ],
    "current-context": "x",
}


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubeconfig with two contexts; nothing of the developer's own is found."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(KUBECONFIG))
    return path


def host(backend: LiveBackend) -> str:
    with backend:
        found: str = backend.client().configuration.host
    return found


def test_the_kubeconfigs_current_context_is_used_unless_another_is_named(kubeconfig: Path) -> None:
    assert host(LiveBackend(kubeconfig)) == "http://127.0.0.1:1"
    assert LiveBackend(kubeconfig).cluster_name == "c"
    assert LiveBackend(kubeconfig, "y").cluster_name == "d"


def test_the_client_sends_every_request_once(kubeconfig: Path) -> None:
    with LiveBackend(kubeconfig) as backend:
        assert backend.client().configuration.retries is False


def test_the_environment_and_the_home_directory_are_looked_at(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BackendError, match=r"^no cluster: give --kubeconfig FILE"):
        LiveBackend()
    home = tmp_path / "home" / ".kube"
    home.mkdir(parents=True)
    (home / "config").write_bytes(kubeconfig.read_bytes())
    assert host(LiveBackend()) == "http://127.0.0.1:1"
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(BackendError, match="none: cannot read the kubeconfig: No such file"):
        host(LiveBackend())


def test_in_a_pod_the_service_account_is_used(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    with pytest.raises(BackendError, match=r"^service account /var/run/secrets/kubernetes.io/serviceaccount: "):
        host(LiveBackend())
    with pytest.raises(BackendError, match="there is no kubeconfig to write"):
        LiveBackend().kubeconfig(kubeconfig)
    assert host(LiveBackend(kubeconfig)) == "http://127.0.0.1:1"


def test_the_clusters_name_must_be_repeated_exactly(kubeconfig: Path) -> None:
    with LiveBackend(kubeconfig, i_know_this_is="c"):
        pass
    with pytest.raises(BackendError, match=r"^--i-know-this-is d: this is not it, this is c$"):
        LiveBackend(kubeconfig, i_know_this_is="d").__enter__()


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_the_proxy_of_the_environment_is_asked_but_not_for_this_machine(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    document = yaml.safe_load(kubeconfig.read_text())
    del document["clusters"][1]["cluster"]["certificate-authority"]
    document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    kubeconfig.write_text(yaml.safe_dump(document))
    monkeypatch.setenv(name, "http://proxy:3128")
    with LiveBackend(kubeconfig, "y") as backend:
        assert backend.client().configuration.proxy == "http://proxy:3128"
    with LiveBackend(kubeconfig, "x") as backend:
        assert backend.client().configuration.proxy is None


def test_a_kubeconfigs_own_proxy_wins_and_its_tls_settings_are_taken(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = yaml.safe_load(kubeconfig.read_text())
    document["clusters"][0]["cluster"] = {
        "server": "https://far:6443",
        "proxy-url": "http://own:3128",
        "tls-server-name": "kubernetes",
        "insecure-skip-tls-verify": True,
    }
    kubeconfig.write_text(yaml.safe_dump(document))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "far")
    with LiveBackend(kubeconfig) as backend:
        found = backend.client().configuration
    assert (found.proxy, found.no_proxy) == ("http://own:3128", None)
    assert (found.tls_server_name, found.verify_ssl) == ("kubernetes", False)


def test_the_written_kubeconfig_works_from_anywhere_and_is_private(kubeconfig: Path, tmp_path: Path) -> None:
    written = LiveBackend(kubeconfig, "y").kubeconfig(tmp_path / "written")
    document = yaml.safe_load(written.read_text())
    assert document["current-context"] == "y"
    assert document["clusters"][1]["cluster"]["certificate-authority"] == str(tmp_path / "pki" / "ca.crt")
    assert written.stat().st_mode & 0o077 == 0
