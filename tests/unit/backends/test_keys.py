"""Keys for libraries that read files: where they are, and that nothing of them stays."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backends.keys import KeyFiles

USER = {
    "client-certificate-data": base64.b64encode(b"CERT").decode(),
    "client-key-data": base64.b64encode(b"KEY").decode(),
    "as": "alice",
}


def test_what_is_embedded_is_read_at_a_path_until_the_end() -> None:
    with KeyFiles() as keys:
        found = keys.named(USER, "user")
        assert set(found) == {"client-certificate", "client-key", "as"}
        assert Path(found["client-key"]).read_bytes() == b"KEY"
        assert Path(found["client-key"]).read_bytes() == b"KEY", "it is read from the beginning each time"
        assert Path(found["client-key"]).is_file(), "the official loader looks whether it is"
        assert keys.put("user-client-key", b"K") == found["client-key"]
        assert Path(found["client-key"]).read_bytes() == b"K"
    assert not Path(found["client-key"]).exists()


def test_what_nobody_holds_any_more_is_given_back() -> None:
    path = Path(KeyFiles().put("key", b"KEY"))
    assert not path.exists()


def test_whoever_will_close_them_holds_them() -> None:
    keys = KeyFiles()
    path, close = Path(keys.put("key", b"KEY")), keys.close
    del keys
    assert path.read_bytes() == b"KEY"
    close()
    close()
    assert not path.exists()


def test_what_is_no_base64_is_refused() -> None:
    with KeyFiles() as keys, pytest.raises(ValueError, match="padding"):
        keys.named({"client-key-data": "abc"}, "user")


def test_elsewhere_a_key_is_a_private_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with KeyFiles() as keys:
        path = Path(keys.put("key", b"KEY"))
        assert path.is_relative_to(tmp_path)
        assert path.read_bytes() == b"KEY"
        assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


OPEN = """
import sys, time
from pathlib import Path
from backends.live import LiveBackend
with LiveBackend(Path(sys.argv[1])) as backend:
    client = backend.client()
    print(Path(client.configuration.key_file).read_text(), flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there a key needs no file")
def test_a_process_that_is_killed_leaves_no_keys(tmp_path: Path) -> None:
    import yaml

    temporary, kubeconfig = tmp_path / "tmp", tmp_path / "kubeconfig"
    temporary.mkdir()
    document = {  # No authority: ssl would want a real one when the client is made.
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": USER}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    kubeconfig.write_text(yaml.safe_dump(document))
    with subprocess.Popen(
        [sys.executable, "-c", OPEN, str(kubeconfig)],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "KEY\n"
        process.send_signal(signal.SIGKILL)
    assert list(temporary.iterdir()) == []
