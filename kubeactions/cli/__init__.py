"""The command line: the only part that chooses a backend. One command a file, imported when it is asked for.

`main` is the console script. It turns every mistake of the person at the keyboard, and every cluster that cannot be
reached, into one line on standard error and an exit code of the table `EXIT_CODES`; a traceback is a bug of ours.
`--help` imports nothing of Kubernetes and nothing of a command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

EXIT_CODES = {
    0: "done",
    1: "the answer is no: an action was refused, nothing was found, the doctor found a problem",
    2: "the command was typed wrongly; unknown source, reporter or backend",
    3: "the settings do not make sense, or switch the system off",
    4: "the source cannot be read or written",
    5: "the cluster cannot be opened or reached, or forbids it",
    6: "the ledger cannot be trusted: it is closed, nothing is executed",
    130: "interrupted (Ctrl-C)",
}
"""What the command's exit code says; printed by --help and in the README."""

COMMANDS = {
    "run": ("kubeactions.cli.run:command", "Run one replica: elect, take actions, execute, report."),
    "manifests": ("kubeactions.cli.manifests:command", "Print what runs the agent in a cluster."),
    "submit": ("kubeactions.cli.submit:command", "Write one action into a source directory."),
    "validate": ("kubeactions.cli.validate:command", "Check config files without running anything."),
    "plan": ("kubeactions.cli.plan:command", "Say what would become of a config, and change nothing."),
    "explain": ("kubeactions.cli.explain:command", "Tell what an action type takes, needs and promises."),
    "doctor": ("kubeactions.cli.doctor:command", "Check all that the agent needs, one line a check."),
    "history": ("kubeactions.cli.history:command", "List the actions in a cluster's ledger."),
    "why": ("kubeactions.cli.why:command", "Tell what became of one action, and what to do."),
    "cancel": ("kubeactions.cli.cancel:command", "Withdraw an action that has not begun."),
    "approve": ("kubeactions.cli.approve:command", "Approve of an action that waits for it."),
    "pause": ("kubeactions.cli.pause:command", "Let nothing begin until somebody resumes."),
    "resume": ("kubeactions.cli.resume:command", "Take a pause out."),
    "ledger": ("kubeactions.cli.ledger:command", "Check the history of what was done, or begin a new one."),
    "fake": ("kubeactions.cli.fake:command", "Serve the in-memory Kubernetes API; compare its states."),
    "backend": ("kubeactions.cli.backend:command", "Start, list and stop clusters in containers (kind)."),
    "demo": ("kubeactions.cli.demo:command", "Watch an action survive the death of the leader."),
}
"""Each command: where it is, and its line in the help, so that the help needs no import."""

_HELP = """One-time Kubernetes actions, executed once by an elected leader.

\b
Three terminals, no cluster needed:
  1  kubeactions fake serve --kubeconfig /tmp/kubeconfig
  2  kubeactions run --kubeconfig /tmp/kubeconfig --source /tmp/actions
  3  kubeactions submit delete_pod my-pod -n default --source /tmp/actions
     kubeactions why my-pod --kubeconfig /tmp/kubeconfig
"""


class _LazyGroup(click.Group):
    """A group whose commands are imported by name."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Every command, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Import the command called `name`."""
        if name not in COMMANDS:
            return None
        from kubeactions.plugins import import_string

        found = import_string(COMMANDS[name][0])
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a mistyped name."""
        if arguments and arguments[0] not in COMMANDS and not arguments[0].startswith("-"):
            from kubeactions.plugins import nearest

            context.fail(f"no such command {arguments[0]!r}{nearest(arguments[0], COMMANDS)}")
        return super().resolve_command(context, arguments)

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """The table's lines, then the exit codes."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), text) for code, text in EXIT_CODES.items()])


def _print_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"kubeactions {version('kubeactions')}")
    except PackageNotFoundError:
        click.echo("kubeactions (a source tree, not installed)")
    context.exit()


@click.group(cls=_LazyGroup, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, callback=_print_version, expose_value=False, is_eager=True, help="Print it.")
def group() -> None:
    """The commands' common root."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    sys.exit(invoke(arguments))


def invoke(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; only a programming error is raised."""
    try:
        code = group.main(args=arguments, prog_name="kubeactions", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        click.echo(_usage(error), err=True)
        return error.exit_code
    except BrokenPipeError:
        # Whoever reads has seen enough; the interpreter's own flush at exit must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if (code := _exit_code(error)) is None:
            raise
        click.echo(f"kubeactions: {' '.join(str(error).split())}", err=True)
        return code


def _usage(error: click.ClickException) -> str:
    """One line, and where the help is; the help itself for a group without a command."""
    text = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or isinstance(error, click.exceptions.NoArgsIsHelpError):
        return text
    return f"{context.command_path}: {' '.join(text.split())} (try: {context.command_path} --help)"


def _exit_code(error: Exception) -> int | None:
    """The code of an error that is explained by its text alone; None for a programming error."""
    from backends.base import BackendError, UnknownBackendError
    from kubeactions.errors import KubeError, LedgerError, Malformed, UserError

    if isinstance(error, UserError):
        return error.exit_code
    if isinstance(error, UnknownBackendError):
        return 2
    if isinstance(error, BackendError | KubeError):
        return 5
    if isinstance(error, LedgerError):
        return 6
    return 1 if isinstance(error, Malformed) else None
