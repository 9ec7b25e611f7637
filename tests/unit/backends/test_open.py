"""Backends by name."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

import backends
from backends import BackendError


def test_a_backend_is_imported_when_it_is_asked_for() -> None:
    with backends.open("live", kubeconfig="/nowhere") as found:
        assert found.name == "live"
        assert not found.capabilities.disposable


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("fakee", {}, r"^unknown backend 'fakee'; did you mean fake\?$"),
        ("zzz", {}, r"^unknown backend 'zzz'; known: envtest, fake, kind, live$"),
        (
            "live",
            {"port": 1},
            r"^backend live has no option 'port'; it has: kubeconfig, context, service_account, guarded, ",
        ),
    ],
)
def test_a_mistake_is_one_line(name: str, options: dict[str, int], message: str) -> None:
    with pytest.raises(BackendError, match=message):
        backends.open(name, **options)


def test_a_third_partys_backend_is_found_and_cannot_take_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [EntryPoint("own", "no.such.module:X", backends.GROUP)]
    monkeypatch.setattr(backends, "entry_points", lambda **_: entries)
    with pytest.raises(BackendError, match="backend own cannot be imported: No module named 'no'"):
        backends.open("own")
    entries.append(EntryPoint("fake", "evil:Fake", backends.GROUP))
    with pytest.raises(BackendError, match="claim the backend name 'fake'"):
        backends.open("fake")
