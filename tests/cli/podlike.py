"""What a pod is given, without a kubelet: an account over TLS, mounted ConfigMaps, the environment; and orders."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from kubeactions.clock import SystemClock
from tests.cli.terminals import PATIENCE_S, Terminals


class Mount:
    """A ConfigMap's volume as the kubelet keeps it: files are links through `..data`, which is swapped at once.

    https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/volume/util/atomic_writer.go
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._generation = 0

    def write(self, **data: str) -> None:
        """The ConfigMap's whole new content; names have `__` for a dot."""
        self._generation += 1
        new = self.path / f"..2026_11_24_08_00_00.{self._generation:09d}"
        new.mkdir(parents=True)
        files = {name.replace("__", "."): text for name, text in data.items()}
        for name, text in files.items():
            (new / name).write_text(text)
            if not (self.path / name).is_symlink():
                (self.path / name).symlink_to(f"..data/{name}")
        (self.path / "..data_tmp").symlink_to(new.name)
        (self.path / "..data_tmp").rename(self.path / "..data")
        for link in self.path.iterdir():
            if not link.name.startswith("..") and link.name not in files:
                link.unlink()
        for old in self.path.glob("..2026*"):
            if old != new:
                for file in old.iterdir():
                    file.unlink()
                old.rmdir()


class PodLike(Terminals):
    """Terminals whose cluster judges by RBAC over TLS, with the manifests applied, and processes that are like pods.

    The cluster is the one whose kubeconfig is in the directory already (`kubeconfig`); without one it is served here.
    `lease_s` (whole seconds, at least 3) is the lease of its replicas.
    """

    def __init__(self, directory: Path, lease_s: int = 3) -> None:
        super().__init__(directory)
        self.account = directory / "serviceaccount"
        self.account.mkdir()
        ca = self.account / "ca.crt"
        if self.kubeconfig.exists():
            [cluster] = yaml.safe_load(self.kubeconfig.read_text())["clusters"]
            ca.write_bytes(base64.b64decode(cluster["cluster"]["certificate-authority-data"]))
        else:
            self.start("serve", "fake", "serve", "--tls", "--kubeconfig", self.kubeconfig, "--write-ca", ca)
            self.until(lambda: self.kubeconfig.exists() and self.kubeconfig.stat().st_size, "the kubeconfig")
        self.mount = Mount(self.actions)
        self.mount.write()
        sources = json.dumps([{"type": "directory", "path": str(self.actions)}])
        printed = self.run(
            "manifests", "--set", f"kubeactions.sources={sources}", "--set", "kubeactions.listen=127.0.0.1:0",
            "--set", "kubeactions.poll_interval_s=0.1", "--set", f"leader_lease_duration={lease_s}",
        )  # fmt: skip
        assert printed.returncode == 0, printed.stderr
        self.manifests = printed.stdout
        self.kubectl("apply", "-f", "-", given=printed.stdout)
        (self.account / "token").write_text(self.kubectl("create", "token", "kubeactions", "-n", "kubeactions").strip())
        settings = next(
            one for one in yaml.safe_load_all(printed.stdout) if one["metadata"]["name"] == "kubeactions-settings"
        )
        Mount(directory / "settings").write(datadog__yaml=settings["data"]["datadog.yaml"])

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """What kubectl prints. AssertionError when it fails."""
        done = self._kubectl(*arguments, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def can(self, *arguments: str) -> bool:
        """Whether kubectl says yes."""
        return self._kubectl(*arguments).returncode == 0

    def _kubectl(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("kubectl")), "--kubeconfig", str(self.kubeconfig), *arguments]
        return subprocess.run(
            command, input=given, env={"HOME": str(self.directory)}, capture_output=True, text=True,
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip

    def pod_process(self, name: str) -> subprocess.Popen[bytes]:
        """A replica with a pod's environment: PATH and what Kubernetes puts there, nothing else."""
        self.environment = {"PATH": os.environ["PATH"], **self.pod_environment(name)}
        return self.start(name, *self.pod_command())

    def pod_environment(self, name: str) -> dict[str, str]:
        """What Kubernetes tells a pod: the service's address, and who it is."""
        server = yaml.safe_load(self.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        host, _, port = server.removeprefix("https://").rpartition(":")
        own = {"POD_NAME": name, "POD_UID": f"uid-of-{name}", "POD_NAMESPACE": "kubeactions"}
        return {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port, **own}

    def pod_command(self) -> list[str]:
        """The container's arguments, with the mounts where they are here."""
        settings = self.directory / "settings" / "datadog.yaml"
        return ["run", "--settings", str(settings), "--service-account", str(self.account)]

    def said(self, name: str) -> list[dict[str, Any]]:
        """The log of a process; every line of it must be an object."""
        return [json.loads(line) for line in self.log(name).splitlines()]

    def port(self, name: str) -> int:
        """Where it answers its probes."""

        def found() -> int | None:
            words = [line["message"].split()[-1] for line in self.said(name) if line["message"].startswith("answers ")]
            return int(words[0]) if words else None

        return int(self.until(found, f"{name} says where it answers"))

    def ask(self, name: str, path: str) -> tuple[int, str]:
        """What it answers to the kubelet or to Prometheus."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port(name)}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


def order(name: str) -> str:
    resource = {"api_version": "v1", "kind": "Pod", "namespace": "default", "name": name}
    stamp = SystemClock().wall().isoformat()
    return json.dumps({"actions": [{"action_type": "delete_pod", "resource": resource, "timestamp": stamp}]})
