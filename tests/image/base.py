"""A base image out of this machine's own files, for where no registry answers: Python with pip, a shell, wheels."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.locked import ROOT, locked, needed
from tests.kind.standin import image

if TYPE_CHECKING:
    import docker

NAME = "kubeactions/stand-in-python:test"
PIP_CONFIG = "[global]\nno-index = true\nfind-links = /wheels\n"


def build(client: docker.DockerClient) -> str:
    """Import the base and return its name. Raises RuntimeError, one line, when the wheels cannot be had."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as packed:
        wheels = _wheels(Path(folder))
        with tarfile.open(fileobj=packed, mode="w") as archive:
            _add_python(archive)
            for wheel in wheels:
                archive.add(wheel, f"wheels/{wheel.name}")
            for name in ("tmp", "build", "opt", "proc", "sys", "dev"):
                entry = tarfile.TarInfo(name)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(entry)
            entry = tarfile.TarInfo("etc/pip.conf")
            entry.size = len(PIP_CONFIG)
            archive.addfile(entry, io.BytesIO(PIP_CONFIG.encode()))
        packed.seek(0)
        identifier = image._import(client, packed)
    lines = f"FROM {identifier}\nENV PATH=/usr/local/bin:/usr/bin:/bin\nLABEL kubeactions.standin=true\n"
    client.images.build(fileobj=io.BytesIO(lines.encode()), tag=NAME, rm=True)
    return NAME


def _wheels(folder: Path) -> list[Path]:
    """What the Dockerfile installs, fetched by pip as the lock file says."""
    text = (ROOT / "requirements.lock").read_text()
    for part in ("run", "build"):
        (folder / "part.lock").write_text(locked(text, needed(part)))
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary"]
        command += [":all:", "--dest", str(folder), "--requirement", str(folder / "part.lock")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the packages of the image cannot be had: {done.stderr.strip().splitlines()[-1]}")
    return sorted(folder.glob("*.whl"))


def _add_python(archive: tarfile.TarFile) -> None:
    interpreter = Path(sys.executable).resolve()
    standard = Path(sys.base_prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    programs = [Path("/bin/sh").resolve(), Path("/bin/rm").resolve()]
    kept = [path for path in image._tree(standard) if not image.SKIPPED.search(str(path.relative_to(standard.parent)))]
    kept += image._tree(standard / "site-packages" / "pip")
    for path in [interpreter, *kept]:
        archive.add(path, str(path).lstrip("/"))
    native = Path(str(distribution("pydantic-core").locate_file("pydantic_core"))).glob("*.so")
    for library in image._libraries([interpreter, *programs, *native, *(standard / "lib-dynload").glob("*.so")]):
        archive.add(library.resolve(), str(library).lstrip("/"))
    for program, name in zip(programs, ("sh", "rm"), strict=True):
        archive.add(program, f"usr/bin/{name}")
    for name, target in (("bin", "usr/bin"), ("usr/bin/python3", str(interpreter))):
        image._link(archive, name, target)
