"""Quotas, limit ranges and pod security as a person with kubectl sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.served import serve
from tests.conformance.test_kubectl import Kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.http, pytest.mark.slow]

LIMITS = """
apiVersion: v1
kind: LimitRange
metadata: {name: l}
spec:
  limits:
  - {type: Container, default: {cpu: 100m}, defaultRequest: {cpu: 50m}, max: {cpu: "1"}}
  - {type: Pod, min: {memory: 1Mi}}
"""
QUOTA = """Name:          q
Namespace:     default
Resource       Used  Hard
--------       ----  ----
count/secrets  0     2
limits.cpu     0     2
pods           0     1
"""
RANGE = """Name:       l
Namespace:  default
Type        Resource  Min  Max  Default Request  Default Limit  Max Limit/Request Ratio
----        --------  ---  ---  ---------------  -------------  -----------------------
Container   cpu       -    1    50m              100m           -
Pod         memory    1Mi  -    -                -              -
"""
REFUSED = "Error from server (Forbidden): "


def test_quotas_limits_and_standards_read_as_on_a_real_cluster(tmp_path: Path) -> None:
    (tmp_path / "limits.yaml").write_text(LIMITS)
    with serve(tmp_path, "--no-kubelet") as served:
        kubectl = Kubectl(tmp_path, served.kubeconfig)
        assert kubectl("create quota q --hard=pods=1,count/secrets=2,limits.cpu=2") == "resourcequota/q created\n"
        assert kubectl("describe quota q") == QUOTA
        assert "count/secrets: 0/2, pods: 0/1   limits.cpu: 0/2" in kubectl("get quota")
        refused = kubectl.run("run", "p", "--image=i").error
        assert refused == f'{REFUSED}pods "p" is forbidden: failed quota: q: must specify limits.cpu for: p\n'
        kubectl(f"apply -f {tmp_path / 'limits.yaml'}")
        assert kubectl("describe limitrange l") == RANGE
        refused = kubectl.run("run", "p", "--image=i").error
        assert (
            refused
            == f'{REFUSED}pods "p" is forbidden: minimum memory usage per Pod is 1Mi.  No request is specified\n'
        )
        kubectl("delete limitrange l")
        kubectl("delete quota q")
        kubectl("run p --image=i")
        told = kubectl.run("label", "namespace", "default", "pod-security.kubernetes.io/enforce=restricted")
        reasons = "allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile"
        level = 'the new PodSecurity enforce level "restricted:latest"'
        assert told.error == (f'Warning: existing pods in namespace "default" violate {level}\nWarning: p: {reasons}\n')
