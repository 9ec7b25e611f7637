"""Reaching the engine, and reading what it says of itself."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from backends.base import BackendError
from backends.kind import engine

VERSION = {"Version": "28.1", "ApiVersion": "1.48"}
INFO: dict[str, Any] = {"CgroupVersion": "2", "Driver": "overlay2", "SecurityOptions": ["name=seccomp,profile=builtin"]}


def test_the_facts_are_read() -> None:
    facts = engine.read_facts(INFO, VERSION, "http+docker://localhost")
    assert facts == engine.Facts(version="28.1", api=(1, 48), cgroup=2, driver="overlay2", host="127.0.0.1")
    assert facts.local


def test_rootless_and_remapped_engines_are_recognised() -> None:
    info = {**INFO, "SecurityOptions": ["name=rootless", "name=userns"]}
    facts = engine.read_facts(info, VERSION, "http+docker://localhost")
    assert facts.rootless
    assert facts.remapped


def test_an_engine_without_cgroup_version_has_the_first() -> None:
    assert engine.read_facts({}, VERSION, "http+docker://localhost").cgroup == 1


def test_an_old_engine_is_refused_with_both_versions() -> None:
    with pytest.raises(BackendError, match=r"19\.03 speaks API 1\.40, a node needs 1\.41 \(Docker 20\.10\)"):
        engine.read_facts(INFO, {"Version": "19.03", "ApiVersion": "1.40"}, "http+docker://localhost")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http+docker://localhost", "127.0.0.1"),
        ("http+docker://ssh", "127.0.0.1"),
        ("http://localhost:2375", "127.0.0.1"),
        ("https://docker:2376", "docker"),
        ("npipe:////./pipe/docker_engine", "127.0.0.1"),
    ],
)
def test_published_ports_are_where_the_engine_is(url: str, host: str) -> None:
    assert engine.host_of(url) == host


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(2, "No such file or directory"), "nothing answers at /x; start Docker, or set DOCKER_HOST"),
        (ConnectionRefusedError(111, "Connection refused"), "nothing answers at /x; start Docker, or set DOCKER_HOST"),
        (PermissionError(13, "Permission denied"), "/x may not be used by this user; join the group `docker`"),
        (ValueError("bad\nscheme"), "/x: bad scheme"),
    ],
)
def test_each_way_of_having_no_engine_has_its_line(error: Exception, words: str) -> None:
    assert words in engine.no_engine("/x", error)


def test_a_missing_engine_is_one_line_that_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(BackendError, match=rf"no container engine: nothing answers at unix://{tmp_path}/none\.sock"):
        engine.connect()


def test_what_answers_and_is_no_engine_is_one_line_and_nothing_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/other.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/other.sock")
        server.listen()

        def hang_up() -> None:
            for _ in range(2):  # it knocks first
                server.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(BackendError, match=r"^no container engine: unix://.*other\.sock: .*$"):
            engine.connect()
        thread.join()
