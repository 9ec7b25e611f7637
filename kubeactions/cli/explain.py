"""`kubeactions explain`: what an action type takes, needs, refuses and promises, from its executor's own spec.

Called by people before they order something. It reads no settings and talks to no cluster, so it says what a type can
do, not whether it is allowed here: `doctor` and `plan` do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import click

from kubeactions.cli.actions import known_specs
from kubeactions.clock import SystemClock
from kubeactions.errors import UserError
from kubeactions.model import EffectClass, Json, JsonObject, Parameter, Rule, Spec
from kubeactions.plugins import nearest

_HELP = """Explain an action TYPE: its kinds and parameters, what it needs and refuses, what a crash leads to.

Without a TYPE, all of them are listed. The example that is printed is valid as it stands; --example prints it alone.

\b
Examples:
  kubeactions explain
  kubeactions explain delete_pod
  kubeactions explain delete_pod --example | kubeactions validate -

Exit code: 0 explained, 2 there is no such type; the nearest name is said.
"""

PROMISES: Mapping[EffectClass, tuple[str, str]] = {
    EffectClass.PATCH: (
        "marked patch: exactly one effect",
        (
            "the change and the action's mark travel in one patch, which the API server takes only while the object "
            "is as it was planned for: a repeated or late request is refused"
        ),
    ),
    EffectClass.UNIQUE: (
        "once per object: exactly one effect",
        (
            "the object can undergo it only once, and its UID is a precondition: a repeated or late request does "
            "nothing, and a replacement of the same name is never touched"
        ),
    ),
    EffectClass.NAMED: (
        "named by the action: at most one effect",
        "what is created has a name that follows from the action: a repeated or late request finds it there already",
    ),
    EffectClass.UNTRACED: (
        "leaves no trace: at most one try",
        "nothing in the cluster tells whether it happened, so it is never tried a second time",
    ),
    EffectClass.READ: ("read: changes nothing", "it may be repeated, and is when a leader dies over it"),
}
"""What each class of effect promises, in a word and in a sentence. The rules: kubeactions/protocol.md."""

_WITH_INTENT = "intent on record, request perhaps sent"
_CRASHES: Mapping[EffectClass, str] = {
    EffectClass.PATCH: (
        "the next leader looks: the mark is there: succeeded; the object is unchanged: the same request is sent; "
        "somebody else changed it: planned anew, or concluded from other traces; none: unknown"
    ),
    EffectClass.UNIQUE: (
        "the next leader looks: an object with that UID is still there: the same request is sent; it is not: "
        "succeeded (inferred), since who did it cannot be told"
    ),
    EffectClass.NAMED: (
        "the next leader looks for what bears the action's name: there, with its mark: succeeded; not there: unknown, "
        "since it may have been there and gone; it is never created again"
    ),
    EffectClass.UNTRACED: "unknown: it may or may not have happened; look yourself, it is never run again",
    EffectClass.READ: "there is no intent: the next leader reads it, perhaps for a second time",
}


@click.command("explain", help=_HELP)
@click.argument("action_type", metavar="[TYPE]", default="")
@click.option("--example", "only_example", is_flag=True, help="Print the example payload alone.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--markdown", is_flag=True, help="Print it as a page of the handbook.")
def command(action_type: str, only_example: bool, as_json: bool, markdown: bool) -> int:
    """Look the type up, and print."""
    specs = known_specs()
    if action_type and action_type not in specs:
        raise UserError(f"unknown action type {action_type!r}{nearest(action_type, specs)}")
    now = SystemClock().wall()
    if only_example:
        if not action_type:
            raise click.UsageError("--example: of which TYPE?")
        click.echo(_text(example(specs[action_type], now)))
    elif markdown:
        from kubeactions.cli import handbook

        click.echo(handbook.action_page(specs[action_type]) if action_type else handbook.index_page(specs), nl=False)
    elif as_json:
        shown = [specs[action_type]] if action_type else list(specs.values())
        found = [described(spec, now) for spec in shown]
        click.echo(json.dumps(found[0] if action_type else found))
    elif action_type:
        click.echo(page(specs[action_type], now), nl=False)
    else:
        click.echo(_overview(specs), nl=False)
    return 0


def example(spec: Spec, now: datetime) -> JsonObject:
    """A payload that the validator accepts, stamped now; made up for a type that gives no example of its own."""
    action: JsonObject = dict(spec.example) or _made_up(spec)
    action["timestamp"] = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"actions": [action]}


def _made_up(spec: Spec) -> JsonObject:
    """Any object of the first kind that it takes; of required parameters only the name can be told."""
    kind, (api_version, _) = next(iter(spec.kinds.items()), ("ConfigMap", ("v1", "")))
    resource = {"api_version": api_version, "kind": kind, "name": "example"}
    if spec.namespaced is not False:
        resource["namespace"] = "default"
    required = {one.name: "..." for one in spec.parameters if one.required}
    return {"action_type": spec.type, "resource": resource} | ({"parameters": required} if required else {})


def expects(parameter: Parameter) -> str:
    """What values it takes, in the words of its own reader: how it refuses a value that nothing takes."""
    try:
        parameter.parse(-0.5)
    except ValueError as error:
        text = str(error).partition(", not ")[0]
        return text.removesuffix(" expected").removesuffix(" is").removesuffix(" are")
    return "any value"


def described(spec: Spec, now: datetime) -> dict[str, Any]:
    """For --json: everything that the page says."""
    promise, how = PROMISES[spec.effect]
    return {
        "type": spec.type,
        "summary": spec.summary,
        "kinds": {kind: api_version for kind, (api_version, _) in spec.kinds.items()},
        "namespaced": spec.namespaced,
        "class": str(spec.effect),
        "promise": f"{promise}: {how}",
        "parameters": [_parameter(one) for one in spec.parameters],
        "permits": dict(spec.permits),
        "crashes": dict(crashes(spec)),
        "endings": [{"reason": one.reason, "status": one.status, "when": one.when} for one in spec.endings],
        "rules": [_rule(one) for one in spec.rules],
        "example": example(spec, now),
    }


def _parameter(one: Parameter) -> dict[str, Json]:
    return {
        "name": one.name,
        "expects": expects(one),
        "required": one.required,
        "default": one.default,
        "help": one.help,
    }


def _rule(one: Rule) -> dict[str, Json]:
    return {"group": one.group, "resource": one.resource, "verbs": list(one.verbs), "cluster": one.cluster}


def crashes(spec: Spec) -> tuple[tuple[str, str], ...]:
    """What follows when the leader dies at each point of the action's life, in order."""
    found = spec.recovery or _CRASHES[spec.effect]
    return (
        ("nothing on record yet", "the source was not acknowledged: the next leader reads it there again"),
        ("pending on record", "the next leader takes it from the ledger; nothing was sent"),
        ("read, not reported" if spec.effect is EffectClass.READ else _WITH_INTENT, found),
        ("outcome on record", "it is over; its report is repeated until every destination has acknowledged it"),
    )


def page(spec: Spec, now: datetime) -> str:
    """All of it, for people."""
    formatter = click.HelpFormatter(width=100)
    formatter.write_text(f"{spec.type}: {spec.summary}")
    promise, how = PROMISES[spec.effect]
    _section(formatter, "Acts on", [(_kinds(spec), _place(spec))])
    _section(formatter, "Parameters", map(_parameter_lines, spec.parameters))
    _section(formatter, "Refused unless permitted (kubeactions.permits)", spec.permits.items())
    _section(formatter, f"Class {spec.effect}", [(promise, how)])
    _section(formatter, "When the leader dies", crashes(spec))
    _section(formatter, "How it may end", ((f"{one.reason} ({one.status})", one.when) for one in spec.endings))
    _section(formatter, "Access that it needs", map(_rule_line, spec.rules))
    text = formatter.getvalue() + "\nA payload (stamped now):\n"
    return text + "".join(f"  {line}\n" for line in _text(example(spec, now)).splitlines())


def _section(formatter: click.HelpFormatter, title: str, rows: Iterable[tuple[str, str]]) -> None:
    if listed := list(rows):
        with formatter.section(title):
            formatter.write_dl(listed, col_max=42)


def _kinds(spec: Spec) -> str:
    return ", ".join(f"{kind} ({version})" for kind, (version, _) in spec.kinds.items()) or "any kind"


def _place(spec: Spec) -> str:
    if spec.namespaced is None:
        return "with or without a namespace, as its kind has it"
    return "in a namespace, which must be given" if spec.namespaced else "in no namespace: none may be given"


def _parameter_lines(one: Parameter) -> tuple[str, str]:
    default = "" if one.default is None else f"; default: {json.dumps(one.default)}"
    return one.name, f"{one.help} ({expects(one)}{'; required' if one.required else ''}{default})"


def _rule_line(one: Rule) -> tuple[str, str]:
    group = f"apiGroup {one.group}" if one.group else "the core group"
    where = "by a ClusterRole only" if one.cluster else "where it acts"
    if one.resource == "*":
        return f"{', '.join(one.verbs)} whatever it is to read", "kubeactions manifests --read says what"
    return f"{', '.join(one.verbs)} {one.resource}", f"of {group}, {where}"


def _overview(specs: Mapping[str, Spec]) -> str:
    formatter = click.HelpFormatter(width=100)
    with formatter.section("Action types"):
        formatter.write_dl([(name, f"{specs[name].summary} ({specs[name].effect})") for name in sorted(specs)])
    with formatter.section("Classes of effect"):
        formatter.write_dl([(str(one), promise) for one, (promise, _) in PROMISES.items()])
    return formatter.getvalue() + "\nMore: kubeactions explain TYPE\n"


def _text(payload: JsonObject) -> str:
    return json.dumps(payload, indent=2, ensure_ascii=False)
