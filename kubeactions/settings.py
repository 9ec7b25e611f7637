"""`datadog.yaml` and the environment, read once into frozen `Settings`.

The command line calls `load`; everything else is given a `Settings`, or a part of one. Each key is one `Setting` in
the table `KEYS`: its reader, the attribute it fills and its help; the environment variable (`DD_` + the key in
capitals, dots as underscores) and the error texts follow from it. The environment wins over the file, as in the
Datadog agent.

Keys of other features are ignored. An unknown key under `kubeactions`, in the file or the environment, is an error
with its line and the nearest known key: a mistyped limit must not silently be no limit. So is one elsewhere in the file
that differs from a key of ours by a letter or two. This file decides nothing about actions and reads nothing but the
settings file and the service account's namespace.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from kubeactions import safety
from kubeactions.command_policy import MAX_TIMEOUT_S, ExecLimits, operator_roots
from kubeactions.errors import SettingsError
from kubeactions.plugins import nearest
from kubeactions.readers import (
    address,
    allowed,
    boolean,
    choice,
    integer,
    namespace,
    namespaces,
    object_name,
    optional_namespaces,
    seconds,
    structured,
    text,
    texts,
    whole_seconds,
    words,
)
from kubeactions.safety import Safety

SERVICE_ACCOUNT_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Where the kubelet writes the pod's namespace: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/."""
MAX_FILE_BYTES = 1024 * 1024
"""A settings file above this is a mistake, not settings."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds on what a payload may hold; over one of them a config, or an action, is rejected on record."""

    actions_per_config: int = 100
    """Over it the config is rejected whole, in one record."""
    config_bytes: int = 1024 * 1024
    """Length of a payload, in bytes."""
    action_bytes: int = 32 * 1024
    """Length of one action's canonical JSON, in bytes: each record carries its whole action."""
    nesting_depth: int = 32
    """How deep objects and lists may lie in each other, the payload's outermost object being 1."""
    open_bytes: int = 160 * 1024
    """Bytes of records in the ledger's head that are not closed yet; over it configs wait unacknowledged."""
    segments: int = 120
    """Sealed parts of the history, of some hundred records each; with so many, configs wait until one is pruned."""


@dataclass(frozen=True, slots=True)
class Election:
    """The Lease's numbers, in seconds; the elector refuses those that cannot be safe."""

    lease_name: str = "datadog-leader-election"
    lease_duration_s: float = 15.0
    renew_deadline_s: float = 10.0
    retry_period_s: float = 2.0
    release_on_shutdown: bool = True


@dataclass(frozen=True, slots=True)
class Own:
    """Who this replica is in the cluster, from the downward API; all "" outside of one."""

    namespace: str = ""
    pod_name: str = ""
    pod_uid: str = ""


@dataclass(frozen=True, slots=True)
class Plug:
    """One source or reporter to open: its registered name and its options."""

    type: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an operator can set. Times are in seconds."""

    enabled: bool = False
    remote_configuration_enabled: bool = True
    cluster_name: str = ""
    ledger_namespace: str = "default"
    """`kubeactions.persistent_store.namespace`: where the ledger and the Lease live."""
    election: Election = field(default_factory=Election)
    limits: Limits = field(default_factory=Limits)
    expiry_s: float = 3600.0
    """An action older than this, counted from its stamp, is not executed."""
    future_tolerance_s: float = 10.0
    """How far ahead of our clock a stamp may be."""
    retention_s: float = 7 * 86400.0
    """How long a reported record is kept, beyond the time in which its action could still be accepted."""
    request_timeout_s: float = 5.0
    """Overall deadline of one request to the API server."""
    poll_interval_s: float = 2.0
    """Pause between two readings of the sources when nothing else is to be done."""
    protected_namespaces: frozenset[str] = frozenset()
    """In addition to the built-in ones and the agent's own, which cannot be unprotected."""
    allowed_actions: frozenset[str] | None = None
    """None: every registered type."""
    permits: frozenset[str] = frozenset()
    """What executors may do beyond their cautious default, by the names that they document."""
    exec_limits: ExecLimits = field(default_factory=ExecLimits)
    """What `exec_command` may run; nothing by default."""
    safety_hook: str = ""
    """`package.module:function`; "" is none."""
    shutdown_timeout_s: float = 20.0
    """How long a graceful stop may take; below the pod's terminationGracePeriodSeconds."""
    listen: str = ""
    """`host:port` of /livez, /readyz and /metrics; "" is nowhere, an empty host is every address."""
    log_format: str = "auto"
    """`auto` (people on a terminal, JSON otherwise), `human` or `json`."""
    sensitive_words: tuple[str, ...] = ()
    """Further words whose values `get_resource` hides (`orchestrator_explorer.custom_sensitive_words`)."""
    sources: tuple[Plug, ...] = ()
    reporters: tuple[Plug, ...] = (Plug("log"), Plug("kubernetes"))
    own: Own = field(default_factory=Own)
    warnings: tuple[str, ...] = ()
    """What was given and is ignored, and looks as if it was meant for us; one line each."""
    safety: Safety = field(default_factory=Safety)

    @property
    def active(self) -> bool:
        """Both switches are on: kubeactions and the remote configuration that it lives from."""
        return self.enabled and self.remote_configuration_enabled

    @property
    def why_inactive(self) -> str:
        """One line that names the switch that is off, "" when none is."""
        if not self.enabled:
            return "kubeactions.enabled is false: set it to true (or DD_KUBEACTIONS_ENABLED=true)"
        if not self.remote_configuration_enabled:
            return "remote_configuration.enabled is false: kubeactions needs it"
        return ""


def plugs(value: object) -> tuple[Plug, ...]:
    """A list of names, or of objects with `type` and options; from the environment a JSON list or words."""
    if isinstance(value, str):
        value = structured(value) if value.lstrip().startswith("[") else list(texts(value))
    if not isinstance(value, list):
        raise ValueError(f"a list is expected, not {value!r}")
    return tuple(_plug(item) for item in value)


def _plug(item: object) -> Plug:
    if isinstance(item, str):
        return Plug(item)
    if not isinstance(item, dict) or not isinstance(item.get("type"), str):
        raise ValueError(f"each item is a name or an object with `type`, not {item!r}")
    return Plug(item["type"], {key: option for key, option in item.items() if key != "type"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: dotted path in the file, reader, what it means, and the attribute of `Settings` that it fills."""

    key: str
    read: Callable[[object], Any]
    attribute: str
    help: str

    @property
    def variable(self) -> str:
        """The variable that overrides it."""
        return "DD_" + self.key.replace(".", "_").upper()


KEYS: tuple[Setting, ...] = (
    Setting("kubeactions.enabled", boolean, "enabled", "the switch; off unless it is true"),
    Setting("remote_configuration.enabled", boolean, "remote_configuration_enabled", "needed too; on by default"),
    Setting("cluster_name", text, "cluster_name", "the cluster's name in reports"),
    Setting("kubeactions.persistent_store.namespace", namespace, "ledger_namespace", "of the ledger and the Lease"),
    Setting("leader_lease_name", object_name, "election.lease_name", "name of the Lease"),
    Setting("leader_lease_duration", whole_seconds(3, 3600), "election.lease_duration_s", "seconds a Lease is valid"),
    Setting(
        "leader_election_release_on_shutdown", boolean, "election.release_on_shutdown", "hand over at once on SIGTERM"
    ),
    Setting("kubeactions.limits.actions_per_config", integer(1, 10_000), "limits.actions_per_config", "more: rejected"),
    Setting("kubeactions.limits.config_bytes", integer(1024, 16 << 20), "limits.config_bytes", "of one payload"),
    Setting("kubeactions.limits.action_bytes", integer(1024, 128 << 10), "limits.action_bytes", "of one action"),
    Setting("kubeactions.limits.nesting_depth", integer(8, 100), "limits.nesting_depth", "of objects and lists"),
    Setting("kubeactions.limits.segments", integer(1, 120), "limits.segments", "of history; more: no new work"),
    Setting("kubeactions.limits.open_bytes", integer(8 << 10, 256 << 10), "limits.open_bytes", "of open records"),
    Setting("kubeactions.expiry_s", seconds(1, 30 * 86400), "expiry_s", "age from which an action is expired"),
    Setting("kubeactions.future_tolerance_s", seconds(0, 3600), "future_tolerance_s", "how far ahead a stamp may be"),
    Setting("kubeactions.retention_s", seconds(0, 366 * 86400), "retention_s", "how long history is kept"),
    Setting("kubeactions.request_timeout_s", seconds(0.1, 60), "request_timeout_s", "deadline of one API request"),
    Setting("kubeactions.poll_interval_s", seconds(0.05, 600), "poll_interval_s", "pause between two readings"),
    Setting("kubeactions.shutdown_timeout_s", seconds(1, 3600), "shutdown_timeout_s", "how long a stop may take"),
    Setting("kubeactions.listen", address, "listen", "host:port of /livez, /readyz, /metrics; empty: nowhere"),
    Setting("kubeactions.log_format", choice("auto", "human", "json"), "log_format", "auto, human or json"),
    Setting("kubeactions.protected_namespaces", namespaces, "protected_namespaces", "more namespaces to keep out of"),
    Setting("kubeactions.allowed_actions", allowed, "allowed_actions", "the only action types to run"),
    Setting("kubeactions.allowed_namespaces", optional_namespaces, "safety.namespaces", "the only ones to act in"),
    Setting("kubeactions.allowed_kinds", safety.kinds, "safety.kinds", "the only kinds: Pod, apps/Deployment"),
    Setting("kubeactions.dry_run", boolean, "safety.dry_run", "rehearse every action, change nothing"),
    Setting("kubeactions.windows", safety.windows, "safety.windows", "when actions may run, and when not"),
    Setting(
        "kubeactions.approvals",
        safety.by_name(safety.approvals),
        "safety.approvals",
        "how many approve, by action type",
    ),
    Setting("kubeactions.rate.per_action_type", safety.by_name(safety.rate), "safety.rate_per_type", "such as 10/1m"),
    Setting(
        "kubeactions.rate.per_namespace", safety.by_name(safety.rate), "safety.rate_per_namespace", "such as 10/1m"
    ),
    Setting("kubeactions.max_in_flight", integer(1, 1000), "safety.max_in_flight", "begun and not ended, over all"),
    Setting("kubeactions.not_before_limit_s", seconds(0, 30 * 86400), "safety.not_before_limit_s", "how far ahead"),
    Setting("kubeactions.blast_radius.percent", safety.percent, "safety.blast_radius.percent", "of a kind's objects"),
    Setting(
        "kubeactions.blast_radius.absolute", integer(1, 100_000), "safety.blast_radius.absolute", "objects of a kind"
    ),
    Setting("kubeactions.blast_radius.window_s", seconds(1, 86400), "safety.blast_radius.window_s", "within this time"),
    Setting("kubeactions.breaker.failures", integer(0, 10_000), "safety.breaker.failures", "that pause all; 0: never"),
    Setting("kubeactions.breaker.window_s", seconds(1, 86400), "safety.breaker.window_s", "within this time"),
    Setting("kubeactions.permits", words, "permits", "what executors may do beyond their cautious default"),
    Setting(
        "kubeactions.exec_command.allowed_commands",
        texts,
        "exec_limits.commands",
        "that exec_command may run; no others",
    ),
    Setting(
        "kubeactions.exec_command.allowed_paths",
        operator_roots,
        "exec_limits.paths",
        "under which their words may point",
    ),
    Setting("kubeactions.exec_command.allow_remediation", boolean, "exec_limits.remediation", "commands that change"),
    Setting("kubeactions.exec_command.timeout_s", seconds(1, MAX_TIMEOUT_S), "exec_limits.timeout_s", "at most"),
    Setting("kubeactions.safety_hook", text, "safety_hook", "package.module:function that may veto or delay"),
    Setting("kubeactions.sources", plugs, "sources", "where configs come from"),
    Setting("kubeactions.reporters", plugs, "reporters", "where results go"),
    Setting(
        "orchestrator_explorer.custom_sensitive_words",
        texts,
        "sensitive_words",
        "words that get_resource hides values of",
    ),
)
"""Every key that is read, in the order in which help prints them."""

_UNSUPPORTED = {
    "kubeactions.forwarder": "the event platform is no destination of this version; see kubeactions.reporters",
}
_REQUIRED_VALUES: Mapping[str, tuple[Callable[[object], object], frozenset[object], str]] = {
    "leader_election": (boolean, frozenset({True}), "only an elected leader executes actions: it cannot be off"),
    "leader_election_default_resource": (
        text,
        frozenset({"", "lease", "leases"}),
        "this version elects with a coordination.k8s.io Lease only: write lease",
    ),
}
"""Keys of the agent that are accepted with these values only, and only matter while kubeactions is enabled."""


@dataclass(frozen=True, slots=True)
class _Given:
    """One value that somebody gave, and where: `datadog.yaml:3` or the variable's name."""

    value: object
    where: str


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings file (None: environment and defaults only) and the environment.

    Raises `SettingsError`, one line: the file cannot be read, is not YAML, or a value under our keys is wrong.
    """
    content = ""
    if path is not None:
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise SettingsError(f"{path}: cannot read the settings: {error.strerror}") from error
        if len(raw) > MAX_FILE_BYTES:
            raise SettingsError(f"{path}: more than {MAX_FILE_BYTES} bytes; this is no settings file")
        try:
            content = raw.decode()
        except UnicodeDecodeError as error:
            raise SettingsError(f"{path}: not UTF-8 (byte {error.start})") from error
    return parse(content, environ, origin=str(path or ""))


def parse(content: str, environ: Mapping[str, str], *, origin: str = "datadog.yaml") -> Settings:
    """The same from text; pure but for the service account's namespace. Raises `SettingsError`."""
    given = {**_from_file(content, origin), **_from_environment(environ)}
    values: dict[str, Any] = {}
    for setting in KEYS:
        if setting.key in given:
            values[setting.attribute] = _read(setting.read, setting.key, given[setting.key])
    settings = replace(_build(values, own_identity(environ)), warnings=_ignored(environ))
    if settings.enabled:
        for key, (read, accepted, why) in _REQUIRED_VALUES.items():
            if key in given and _read(read, key, given[key]) not in accepted:
                raise SettingsError(f"{given[key].where}: {key}: {why}")
    return settings


def own_identity(environ: Mapping[str, str]) -> Own:
    """Who we are, from `POD_NAMESPACE`, `POD_NAME` (or `DD_POD_NAME`) and `POD_UID`, else its account's file."""
    own = environ.get("POD_NAMESPACE", "")
    if not own and "KUBERNETES_SERVICE_HOST" in environ:
        try:
            own = SERVICE_ACCOUNT_NAMESPACE.read_text().strip()
        except OSError:
            own = ""  # A pod without a mounted token: it names no namespace to protect.
    return Own(own, environ.get("DD_POD_NAME") or environ.get("POD_NAME", ""), environ.get("POD_UID", ""))


def _read(read: Callable[[object], T], key: str, given: _Given) -> T:
    try:
        return read(given.value)
    except ValueError as error:
        raise SettingsError(f"{given.where}: {key}: {error}") from error


def _build(values: Mapping[str, Any], own: Own) -> Settings:
    def part(prefix: str) -> dict[str, Any]:
        return {name.partition(".")[2]: value for name, value in values.items() if name.startswith(prefix)}

    election = part("election.")
    derived: dict[str, Any] = {}
    if "lease_duration_s" in election:
        # The proportions of 15 / 10 / 2 are kept, and requests end in time: one number sets all, as in the agent.
        duration = election["lease_duration_s"]
        election |= {"renew_deadline_s": duration * 2 / 3, "retry_period_s": duration * 2 / 15}
        derived = {"request_timeout_s": min(Settings().request_timeout_s, duration / 3)}
    flat = derived | {name: value for name, value in values.items() if "." not in name}
    return Settings(
        **flat,
        election=Election(**election),
        limits=Limits(**part("limits.")),
        own=own,
        exec_limits=ExecLimits(**part("exec_limits.")),
        safety=safety.build(part("safety.")),
    )


def _from_environment(environ: Mapping[str, str]) -> dict[str, _Given]:
    by_variable = _variables()
    found = {}
    for variable, value in environ.items():
        if variable in by_variable:
            found[by_variable[variable]] = _Given(value, f"environment variable {variable}")
        elif variable.startswith("DD_KUBEACTIONS_"):
            known = [name for name in by_variable if name.startswith("DD_KUBEACTIONS_")]
            raise SettingsError(f"unknown environment variable {variable}{nearest(variable, known)}")
    return found


def _variables() -> dict[str, str]:
    """The key behind each variable that is read."""
    return {setting.variable: setting.key for setting in KEYS} | {"DD_" + key.upper(): key for key in _REQUIRED_VALUES}


def _ignored(environ: Mapping[str, str]) -> tuple[str, ...]:
    """A warning for each variable that is none of ours and all but equal to one: it may be another agent's, too."""
    known = _variables()
    others = sorted(name for name in environ if name.startswith("DD_") and name not in known)
    found = [(name, difflib.get_close_matches(name, known, n=1, cutoff=0.9)) for name in others]
    return tuple(f"environment variable {name} is ignored; did you mean {close[0]}?" for name, close in found if close)


def _from_file(content: str, origin: str) -> dict[str, _Given]:
    try:
        loader = yaml.SafeLoader(content)
        root = loader.get_single_node()
        found = dict(_leaves(loader, root, origin)) if root is not None else {}
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SettingsError(f"{origin}{line}: broken YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: 2026-13-45, as a date
        raise SettingsError(f"{origin}: broken YAML: {str(error).splitlines()[0]}") from error
    return found


def _leaves(loader: yaml.SafeLoader, root: yaml.Node, origin: str) -> Iterator[tuple[str, _Given]]:
    """Every known key that the file gives, with its line; refuses unknown and repeated ones under `kubeactions`."""
    if not isinstance(root, yaml.MappingNode):
        raise SettingsError(f"{origin}:{root.start_mark.line + 1}: settings are an object of keys, as in datadog.yaml")
    known = {setting.key for setting in KEYS} | set(_REQUIRED_VALUES)
    seen: set[str] = set()
    pending: list[tuple[str, yaml.MappingNode]] = [("", root)]
    while pending:
        prefix, mapping = pending.pop()
        for key_node, value_node in mapping.value:
            where = f"{origin}:{key_node.start_mark.line + 1}"
            key = f"{prefix}{key_node.value}"
            ours = key in known or key == "kubeactions" or key.startswith("kubeactions.")
            if ours and key in seen:
                raise SettingsError(f"{where}: {key} is given twice")
            seen.add(key)
            if key in known:
                yield key, _Given(loader.construct_object(value_node, deep=True), where)
            elif any(name.startswith(f"{key}.") for name in known):
                pending.extend(_section(key, value_node, where))
            elif ours:
                raise SettingsError(f"{where}: {_unknown(key, known)}")
            elif meant := _mistyped(str(key_node.value), prefix, known):
                raise SettingsError(f"{where}: unknown key {key}; did you mean {meant}?")


def _mistyped(name: str, prefix: str, known: set[str]) -> str:
    """The key of ours that a key outside `kubeactions` is all but equal to; "" for another feature's key."""
    siblings = {key.removeprefix(prefix).split(".")[0] for key in known if key.startswith(prefix)}
    close = difflib.get_close_matches(name.casefold(), siblings, n=1, cutoff=0.85)
    return f"{prefix}{close[0]}" if close else ""


def _section(key: str, node: yaml.Node, where: str) -> list[tuple[str, yaml.MappingNode]]:
    if isinstance(node, yaml.MappingNode):
        return [(f"{key}.", node)]
    if isinstance(node, yaml.ScalarNode) and node.value in {"", "~", "null"}:
        return []
    raise SettingsError(f"{where}: {key}: an object of keys is expected")


def _unknown(key: str, known: set[str]) -> str:
    for prefix, why in _UNSUPPORTED.items():
        if key == prefix or key.startswith(f"{prefix}."):
            return f"{key}: {why}"
    return f"unknown key {key}{nearest(key, (name for name in known if name.startswith('kubeactions.')))}"
