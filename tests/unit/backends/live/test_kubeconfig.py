"""How kubeconfigs are found, merged and read: as kubectl does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.base import BackendError
from backends.live.kubeconfig import Context, find, portable, read, resolve


def config(path: Path, *names: str, current: str = "", server: str = "http://a") -> Path:
    """A kubeconfig in which everything is called as `names` say."""
    document = {
        "clusters": [{"name": name, "cluster": {"server": f"{server}/{name}"}} for name in names],
        "users": [{"name": name, "user": {"token": path.name}} for name in names],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        "current-context": current,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document))
    return path


def chosen(files: list[Path], context: str | None = None) -> Context:
    return resolve(read(files), context, files)


def test_of_several_files_the_first_counts_entry_by_entry_and_missing_ones_do_not(tmp_path: Path) -> None:
    one = config(tmp_path / "one", "x", "y")
    two = config(tmp_path / "two", "y", "z", current="z", server="http://b")
    environment = {"KUBECONFIG": os.pathsep.join(["", str(one), str(tmp_path / "none"), str(two)])}
    files = find(None, None, environment)
    assert files == [one, tmp_path / "none", two]
    assert chosen(files).name == "z"
    assert chosen(files, "y").cluster["server"] == "http://a/y"
    assert chosen(files, "y").user["token"] == "one"
    assert chosen(files, "z").cluster["server"] == "http://b/z"


def test_the_first_current_context_counts(tmp_path: Path) -> None:
    files = [config(tmp_path / "one", "x", current="x"), config(tmp_path / "two", "y", current="y")]
    assert chosen(files).name == "x"


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    path = config(tmp_path / "far" / "away", "x", current="x")
    document = yaml.safe_load(path.read_text())
    document["users"][0]["user"] = {"tokenFile": "t", "client-certificate": "/abs/c"}
    path.write_text(yaml.safe_dump(document))
    found = chosen([path])
    assert found.user == {"tokenFile": str(tmp_path / "far" / "t"), "client-certificate": "/abs/c"}
    assert found.folder == tmp_path / "far"


def test_what_is_written_is_a_plain_kubeconfig(tmp_path: Path) -> None:
    files = [config(tmp_path / "one", "x"), config(tmp_path / "two", "y", current="y")]
    path = tmp_path / "written"
    path.write_text(yaml.safe_dump(portable(read(files), "x")))
    assert chosen([path]).name == "x"
    assert "folder" not in path.read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"current-context": ""}, r": there is no current context; choose one with --context: x$"),
        ({"current-context": "z"}, r": there is no context 'z'; there are: x$"),
        ({"clusters": [{"name": "other", "cluster": {}}]}, r": context 'x' names the cluster 'x', which is not there$"),
        ({"clusters": [{"name": "x", "cluster": {}}]}, r": cluster 'x' has no server$"),
        ({"users": []}, r": context 'x' names the user 'x', who is not there$"),
        ({"clusters": []}, r": this is no kubeconfig: it names no clusters$"),
        ({"clusters": "many"}, r": malformed kubeconfig: clusters is no list$"),
        ({"users": [{"user": {}}]}, r": malformed kubeconfig: users has an entry without a name$"),
        ({"users": [{"name": "x", "user": "me"}]}, r": malformed kubeconfig: users 'x': user is no mapping$"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = config(tmp_path / "file", "x", current="x")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    with pytest.raises(BackendError, match=message) as caught:
        chosen([path])
    assert str(caught.value).startswith(str(path))


def test_a_list_of_which_nothing_exists_says_so(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"^KUBECONFIG: none of these files exists: .*/a, .*/b$"):
        read([tmp_path / "a", tmp_path / "b"])
