"""Which binaries the envtest backend takes, and what it says when they are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends import BackendError
from backends import open as open_backend
from backends.envtest.assets import find, missing


def program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=mode)
    return path


def both(folder: Path) -> Path:
    program(folder / "etcd")
    program(folder / "kube-apiserver")
    return folder


def test_the_folder_that_is_given_comes_first_then_each_variable_then_the_folder_of_kubebuilder(tmp_path: Path) -> None:
    given, kubebuilder = both(tmp_path / "given"), both(tmp_path / "kubebuilder")
    own = program(tmp_path / "own-etcd")
    environment = {"KUBEBUILDER_ASSETS": str(kubebuilder), "TEST_ASSET_ETCD": str(own)}
    assert find(given, environment).etcd == given / "etcd"
    found = find(None, environment)
    assert (found.etcd, found.api_server) == (own, kubebuilder / "kube-apiserver")
    assert missing(environment) == ""


def test_missing_binaries_are_one_line_that_says_where_they_should_be_and_how_they_are_had(
    tmp_path: Path,
) -> None:
    assert missing({}) == (
        "envtest: there is no etcd at /usr/local/kubebuilder/bin/etcd (the default; KUBEBUILDER_ASSETS is not set); "
        "install them with `setup-envtest use` and set KUBEBUILDER_ASSETS to the folder that it prints"
    )
    program(tmp_path / "etcd")
    assert f"there is no kube-apiserver at {tmp_path}/kube-apiserver ($KUBEBUILDER_ASSETS)" in missing(
        {"KUBEBUILDER_ASSETS": str(tmp_path)}
    )


@pytest.mark.parametrize("kind", ["folder", "plain file"])
def test_what_cannot_be_executed_is_refused(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / "etcd").mkdir()
    else:
        program(tmp_path / "etcd", 0o644)
    with pytest.raises(BackendError, match=r"etcd .the folder that was given. is not an executable file$"):
        find(tmp_path, {})


def test_a_program_that_is_none_is_one_line(tmp_path: Path) -> None:
    assets = both(tmp_path)
    (assets / "etcd").write_text("no shebang, no ELF")
    with pytest.raises(BackendError, match=r"^envtest: cannot start .*/etcd: Exec format error$"):
        open_backend("envtest", assets=assets).__enter__()
