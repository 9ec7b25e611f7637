"""Making the stand-in image: a tar of files of this machine, imported into the engine."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO, TYPE_CHECKING

from backends.fake.catalogue import KUBERNETES_VERSION

if TYPE_CHECKING:
    import docker

ROOT = Path(__file__).resolve().parents[3]
FILES = Path(__file__).parent / "files"
NAME = "kubeactions/stand-in-node:test"
KUBERNETES = KUBERNETES_VERSION
PROGRAMS = (
    "sh", "cat", "cp", "date", "echo", "env", "grep", "hostname", "kill", "ls", "mkdir", "mount", "mv", "ps",
    "readlink", "rm", "sed", "sleep", "stat", "tail", "test", "timeout", "touch", "tr", "true", "umount",
)  # fmt: skip
"""What the scripts, the backend's own commands and a curious person in `docker exec` use."""
PLACES = {
    "init": "/sbin/init",
    "config.toml": "/etc/containerd/config.toml",
    "default-cni.yaml": "/kind/manifests/default-cni.yaml",
    "default-storage.yaml": "/kind/manifests/default-storage.yaml",
}
"""Where the files beside this module go, if not to the other programs."""
SKIPPED = re.compile(r"/(test|tests|idlelib|tkinter|turtledemo|ensurepip|lib2to3|__pycache__|site-packages|config-3)")
"""Parts of the standard library that no server needs."""
LEFT_OUT = {"kubernetes"}
"""The official client is for whoever talks to a cluster, not for serving one."""
FAULTS = (
    "exits", "hangs", "kubeadm-fails", "kubeadm-hangs", "api-never-ready", "node-never-ready", "no-account",
    "disk-full",
)  # fmt: skip
"""How the image can be made to fail."""


def build(client: docker.DockerClient) -> str:
    """Import the image (about 100 MB) and return its name. An older one of the name loses it."""
    with tempfile.TemporaryFile() as packed:
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for source, target in _contents():
                archive.add(source, target.lstrip("/"), recursive=False)
            for directory in ("tmp", "run", "proc", "sys", "dev", "var", "kind", "root", "etc/kubernetes"):
                _directory(archive, directory)
            _text(archive, "kind/version", KUBERNETES)
            _link(archive, "bin", "usr/bin")
            _link(archive, "usr/bin/python3", f"{sys.base_prefix}/bin/python3")
        packed.seek(0)
        identifier = _import(client, packed)
    return _configure(client, identifier, "", NAME)


def faulty(client: docker.DockerClient, fault: str) -> str:
    """The image, made to fail in the way called `fault`; returns its name."""
    assert fault in FAULTS
    return _configure(client, NAME, fault, f"{NAME}-{fault}")


def _import(client: docker.DockerClient, packed: IO[bytes]) -> str:
    # An iterator: docker-py announces chunks, and makes them of nothing else.
    answer = client.api.import_image_from_stream(iter(lambda: packed.read(1 << 20), b""))
    identifier = re.search(r"sha256:[0-9a-f]{64}", str(answer))
    assert identifier is not None, answer
    return identifier[0]


def _configure(client: docker.DockerClient, base: str, fault: str, name: str) -> str:
    """A layer without files that says how the image is started; kind's images are started in the same way."""
    lines = (
        f"FROM {base}",
        f"ENV PATH=/usr/local/bin:/usr/bin:/bin PYTHONPATH=/opt/packages FAULT={fault} container=docker",
        "LABEL kubeactions.standin=true",
        'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]',
        "STOPSIGNAL SIGRTMIN+3",
    )
    client.images.build(fileobj=io.BytesIO("\n".join(lines).encode()), tag=name, rm=True)
    return name


def _contents() -> Iterator[tuple[Path, str]]:
    """Each file of the image: where it is, and where it goes. Two may go to one place; the last one stays."""
    interpreter = Path(sys.executable).resolve()
    standard = Path(sys.base_prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    binaries = [interpreter, *(Path(found) for program in PROGRAMS if (found := shutil.which(program, path=_PATH)))]
    for binary in binaries[1:]:
        yield binary.resolve(), f"/usr/bin/{binary.name}"
    yield interpreter, f"{sys.base_prefix}/bin/python3"
    for path in _tree(standard):
        if not SKIPPED.search(str(path.relative_to(standard.parent))):
            yield path, str(path)
    for path, target in _packages():
        yield path, target
        if path.suffix == ".so":
            binaries.append(path)
    binaries += (standard / "lib-dynload").glob("*.so")
    for library in _libraries(binaries):
        yield library.resolve(), str(library)
    yield Path(sys.executable).parent / "kubectl", "/usr/local/bin/kubectl"
    for file in sorted(FILES.iterdir()):
        yield file, PLACES.get(file.name, f"/usr/local/bin/{file.name}")


_PATH = "/bin:/usr/bin:/usr/sbin:/sbin"


def _tree(directory: Path) -> Iterator[Path]:
    return (path for path in sorted(directory.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)


def _packages() -> Iterator[tuple[Path, str]]:
    """What `fake serve` imports: our own sources, and the distributions that they need."""
    for name in ("kubeactions", "backends"):
        for path in _tree(ROOT / name):
            yield path, f"/opt/packages/{path.relative_to(ROOT)}"
    for name in sorted(_closure("kubeactions", {"serve"})):
        found = distribution(name)
        for file in found.files or []:
            path = Path(str(found.locate_file(file)))
            if ".." not in file.parts and path.is_file() and path.suffix != ".pyc":
                yield path, f"/opt/packages/{file}"


def _closure(root: str, extras: set[str]) -> set[str]:
    """The distributions that `root` with `extras` needs on this machine, without itself."""
    from packaging.requirements import Requirement

    needed: set[str] = set()
    waiting = [(root, extras)]
    while waiting:
        name, wanted = waiting.pop()
        for text in distribution(name).requires or []:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker and not any(marker.evaluate({"extra": extra}) for extra in (wanted | {""})):
                continue
            if requirement.name in needed | LEFT_OUT or not _installed(requirement.name):
                continue
            needed.add(requirement.name)
            waiting.append((requirement.name, requirement.extras))
    return needed


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _libraries(binaries: list[Path]) -> list[Path]:
    """The shared libraries of `binaries`, with the loader itself."""
    listing = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=False).stdout
    found = re.findall(r"(?:=> |^\s+)(/\S+) \(0x", listing, re.MULTILINE)
    return [Path(path) for path in sorted(set(found))]


def _directory(archive: tarfile.TarFile, name: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
    archive.addfile(entry)


def _link(archive: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    archive.addfile(entry)


def _text(archive: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text), 0o644
    archive.addfile(entry, io.BytesIO(text.encode()))
