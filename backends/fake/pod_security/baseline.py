"""The checks of the baseline level: what gives a pod the node, in one field or another.

Each check takes metadata, spec and the minor version, and returns reason and detail, or None. Checks and words are
those of k8s.io/pod-security-admission/policy/check_*.go.
"""

from __future__ import annotations

from typing import Any

from backends.fake.pod_security.wording import containers, named, names, plural, quoted, setters

Obj = dict[str, Any]
Found = tuple[str, str] | None

_CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"}
    | {"SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)
_SYSCTLS = {
    0: (
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
    ),
    27: ("net.ipv4.ip_local_reserved_ports",),
    29: (
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    ),
    32: ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
}
"""Since which minor version which sysctls are harmless."""
_SELINUX_TYPES = {0: ("", "container_t", "container_init_t", "container_kvm_t"), 31: ("container_engine_t",)}
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"


def _since(table: dict[int, tuple[str, ...]], minor: int) -> set[str]:
    return {one for first, values in table.items() if minor >= first for one in values}


def app_armor_profile(metadata: Obj, spec: Obj, _minor: int) -> Found:
    """A profile, and not none."""
    bad_values = set()

    def is_bad(context: Obj) -> bool:
        kind = (context.get("appArmorProfile") or {}).get("type")
        if kind in (None, "RuntimeDefault", "Localhost"):
            return False
        bad_values.add(kind)
        return True

    pod = is_bad(spec.get("securityContext") or {})
    who = [*filter(None, [setters(pod, names(spec, is_bad))])]
    annotations = sorted(
        f'{key}="{value}"'
        for key, value in (metadata.get("annotations") or {}).items()
        if key.startswith(_APPARMOR) and not (value in ("", "runtime/default") or value.startswith("localhost/"))
    )
    values = sorted(bad_values) + annotations
    if annotations:
        who.append(plural("annotation", "annotations", len(annotations)))
    if not who:
        return None
    reason = plural("forbidden AppArmor profile", "forbidden AppArmor profiles", len(values))
    return reason, f"{' and '.join(who)} must not set AppArmor profile type to {quoted(values)}"


def capabilities_baseline(_metadata: Obj, spec: Obj, _minor: int) -> Found:
    """No more capabilities than a container runtime gives."""
    added: set[str] = set()
    found = []
    for one in containers(spec):
        wanted = ((one.get("securityContext") or {}).get("capabilities") or {}).get("add") or []
        bad = set(wanted) - _CAPABILITIES
        if bad:
            found.append(one.get("name", ""))
            added |= bad
    if not found:
        return None
    text = f"must not include {quoted(sorted(added))} in securityContext.capabilities.add"
    return "non-default capabilities", f"{named(found)} {text}"


def host_namespaces(_metadata: Obj, spec: Obj, _minor: int) -> Found:
    """Not the namespaces of the node."""
    found = [f"{member}=true" for member in ("hostNetwork", "hostPID", "hostIPC") if spec.get(member)]
    return ("host namespaces", ", ".join(found)) if found else None


def host_path_volumes(_metadata: Obj, spec: Obj, _minor: int) -> Found:
    """Not the files of the node."""
    found = [volume.get("name", "") for volume in spec.get("volumes") or [] if volume.get("hostPath") is not None]
    if not found:
        return None
    return "hostPath volumes", f"{plural('volume', 'volumes', len(found))} {quoted(found)}"


def host_ports(_metadata: Obj, spec: Obj, _minor: int) -> Found:
    """Not the ports of the node."""
    found, ports = [], set()
    for one in containers(spec):
        used = {str(port["hostPort"]) for port in one.get("ports") or [] if port.get("hostPort")}
        if used:
            found.append(one.get("name", ""))
            ports |= used
    if not found:
        return None
    use = plural("uses", "use", len(found))
    return "hostPort", f"{named(found)} {use} {plural('hostPort', 'hostPorts', len(ports))} {', '.join(sorted(ports))}"


def host_probes(_metadata: Obj, spec: Obj, minor: int) -> Found:
    """Probes and hooks ask the pod, nobody else (since 1.34)."""
    if minor < 34:
        return None
    found, hosts = set(), set()
    for one in containers(spec):
        lifecycle = one.get("lifecycle") or {}
        handlers = [one.get(member) or {} for member in ("livenessProbe", "readinessProbe", "startupProbe")]
        handlers += [lifecycle.get(member) or {} for member in ("postStart", "preStop")]
        ways = [handler.get(kind) or {} for handler in handlers for kind in ("httpGet", "tcpSocket")]
        asked = {str(way["host"]) for way in ways if way.get("host")}
        if asked:
            found.add(one.get("name", ""))
            hosts |= asked
    if not found:
        return None
    what = plural("probe or lifecycle host", "probe or lifecycle hosts", len(hosts))
    use = plural("uses", "use", len(found))
    return "probe or lifecycle host", f"{named(sorted(found))} {use} {what} {quoted(sorted(hosts))}"


def privileged(_metadata: Obj, spec: Obj, _minor: int) -> Found:
    """Not root on the node."""
    found = names(spec, lambda context: bool(context.get("privileged")))
    return ("privileged", f"{named(found)} must not set securityContext.privileged=true") if found else None


def proc_mount(_metadata: Obj, spec: Obj, _minor: int) -> Found:
    """The default view of /proc."""
    bad_values = set()

    def is_bad(context: Obj) -> bool:
        value = context.get("procMount")
        if value in (None, "Default"):
            return False
        bad_values.add(value)
        return True

    found = names(spec, is_bad)
    if not found:
        return None
    return "procMount", f"{named(found)} must not set securityContext.procMount to {quoted(sorted(bad_values))}"


def se_linux_options(_metadata: Obj, spec: Obj, minor: int) -> Found:
    """A type made for containers; user and role are the runtime's."""
    allowed = _since(_SELINUX_TYPES, minor)
    bad_types: set[str] = set()
    extra: set[str] = set()

    def is_bad(context: Obj) -> bool:
        options = context.get("seLinuxOptions") or {}
        kind = options.get("type") or ""
        if kind not in allowed:
            bad_types.add(kind)
        extra.update(member for member in ("user", "role") if options.get(member))
        return kind not in allowed or bool(options.get("user") or options.get("role"))

    pod = is_bad(spec.get("securityContext") or {})
    who = setters(pod, names(spec, is_bad))
    if not who:
        return None
    data = [f"{plural('type', 'types', len(bad_types))} {quoted(sorted(bad_types))}"] if bad_types else []
    data += [f"{member} may not be set" for member in ("user", "role") if member in extra]
    return "seLinuxOptions", f"{who} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"


def seccomp_profile_baseline(metadata: Obj, spec: Obj, minor: int) -> Found:
    """Some profile (fields since 1.19, annotations before)."""
    if minor < 19:
        return _seccomp_annotations(metadata)
    bad_values = set()

    def is_bad(context: Obj) -> bool:
        kind = (context.get("seccompProfile") or {}).get("type")
        if kind in (None, "RuntimeDefault", "Localhost"):
            return False
        bad_values.add(kind)
        return True

    pod = is_bad(spec.get("securityContext") or {})
    who = setters(pod, names(spec, is_bad))
    if not who:
        return None
    text = f"must not set securityContext.seccompProfile.type to {quoted(sorted(bad_values))}"
    return "seccompProfile", f"{who} {text}"


def _seccomp_annotations(metadata: Obj) -> Found:
    found = sorted(
        f'{key}="{value}"'
        for key, value in (metadata.get("annotations") or {}).items()
        if (key == _SECCOMP_POD or key.startswith(_SECCOMP_CONTAINER)) and value == "unconfined"
    )
    return ("seccompProfile", f"forbidden annotations {', '.join(found)}") if found else None


def sysctls(_metadata: Obj, spec: Obj, minor: int) -> Found:
    """Only what is the pod's own."""
    allowed = _since(_SYSCTLS, minor)
    wanted = (spec.get("securityContext") or {}).get("sysctls") or []
    found = [one["name"] for one in wanted if one["name"] not in allowed]
    return ("forbidden sysctls", ", ".join(found)) if found else None


def windows_host_process(_metadata: Obj, spec: Obj, _minor: int) -> Found:
    """Not a process of a Windows node."""

    def is_bad(context: Obj) -> bool:
        return bool((context.get("windowsOptions") or {}).get("hostProcess"))

    who = setters(is_bad(spec.get("securityContext") or {}), names(spec, is_bad))
    return ("hostProcess", f"{who} must not set securityContext.windowsOptions.hostProcess=true") if who else None
