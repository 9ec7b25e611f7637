"""Cucumber messages: one JSON object a line, by the schema of cucumber/messages.

`Messages` turns what was run into envelopes and keeps the ids by which they refer to each other; whoever made it writes
them (`recorder.py`). The types are those of `cucumber-messages`; documents and pickles come ready from `gherkin`.
Pure: no file, no clock, no pytest.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import cucumber_messages as cm
from gherkin.stream.id_generator import IdGenerator

from tests.reporting.case import Case, StepRun
from tests.reporting.documents import Document

PROTOCOL = version("cucumber-messages")
"""The version of the schema that the library was generated from."""

Envelope = Mapping[str, Any]


def line(envelope: Envelope) -> str:
    """An envelope as its line in the file."""
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")) + "\n"


class Messages:
    """The messages of one run, in an order that every reader can follow: what is referred to comes first."""

    def __init__(self) -> None:
        self.ids = IdGenerator()
        """Where every id of the run is drawn from; documents are parsed with it."""
        self._run = self.ids.get_next_id()
        self._hooks: dict[str, tuple[str, str]] = {}
        self._definitions: dict[tuple[object, ...], str] = {}

    def started(self, at_ns: int) -> Iterator[Envelope]:
        """The run begins: who ran it, and when."""
        yield _envelope(
            meta=cm.Meta(
                protocol_version=PROTOCOL,
                implementation=cm.Product(name="pytest-bdd", version=version("pytest-bdd")),
                runtime=cm.Product(name=platform.python_implementation(), version=platform.python_version()),
                os=cm.Product(name=platform.system(), version=platform.release()),
                cpu=cm.Product(name=platform.machine()),
            )
        )
        yield _envelope(test_run_started=cm.TestRunStarted(id=self._run, timestamp=_timestamp(at_ns)))

    def finished(self, at_ns: int, success: bool, message: str | None) -> Iterator[Envelope]:
        """The run ends. `success`: every scenario that was run has passed or was skipped."""
        end = cm.TestRunFinished(
            test_run_started_id=self._run, timestamp=_timestamp(at_ns), success=success, message=message
        )
        yield _envelope(test_run_finished=end)

    def document(self, document: Document) -> Iterator[Envelope]:
        """A feature file, before the first of its scenarios."""
        yield _envelope(
            source=cm.Source(
                uri=document.uri, data=document.text, media_type=cm.SourceMediaType.text_x_cucumber_gherkin_plain
            )
        )
        yield {"gherkinDocument": document.tree}
        for pickle in document.pickles:
            yield {"pickle": pickle}

    def case(self, pickle: Mapping[str, Any], case: Case, module: str, worker: str | None) -> Iterator[Envelope]:
        """A scenario that was run. `module` is the file that binds it to pytest, `worker` the process that ran it."""
        yield from self._new_hooks(module)
        yield from self._new_definitions(case)
        steps = [self._hook_step(module, 0), *self._pickle_steps(pickle, case), self._hook_step(module, 1)]
        test = cm.TestCase(
            id=self.ids.get_next_id(), pickle_id=pickle["id"], test_steps=steps, test_run_started_id=self._run
        )
        yield _envelope(test_case=test)
        yield from self._attempt(test, case, worker)

    def _attempt(self, test: cm.TestCase, case: Case, worker: str | None) -> Iterator[Envelope]:
        attempt = self.ids.get_next_id()
        yield _envelope(
            test_case_started=cm.TestCaseStarted(
                id=attempt,
                test_case_id=test.id,
                attempt=0,
                worker_id=worker,
                timestamp=_timestamp(case.before.start_ns),
            )
        )
        output = case.output
        for step, run in zip(test.test_steps, (case.before, *case.steps, case.after), strict=True):
            ids = {"test_case_started_id": attempt, "test_step_id": step.id}
            yield _envelope(test_step_started=cm.TestStepStarted(**ids, timestamp=_timestamp(run.start_ns)))
            if run.message:
                yield from (_attachment(title, text, ids, run) for title, text in output)
                output = ()
            end = cm.TestStepFinished(**ids, test_step_result=_result(run), timestamp=_timestamp(run.stop_ns))
            yield _envelope(test_step_finished=end)
        yield _envelope(
            test_case_finished=cm.TestCaseFinished(
                test_case_started_id=attempt, timestamp=_timestamp(case.after.stop_ns), will_be_retried=False
            )
        )

    def _new_hooks(self, module: str) -> Iterator[Envelope]:
        if module in self._hooks:
            return
        self._hooks[module] = (self.ids.get_next_id(), self.ids.get_next_id())
        told = (("fixtures are set up", "before_test_case"), ("fixtures are torn down", "after_test_case"))
        for ident, (name, kind) in zip(self._hooks[module], told, strict=True):
            reference = cm.SourceReference(uri=module)
            yield _envelope(hook=cm.Hook(id=ident, name=name, type=cm.HookType[kind], source_reference=reference))

    def _hook_step(self, module: str, which: int) -> cm.TestStep:
        return cm.TestStep(id=self.ids.get_next_id(), hook_id=self._hooks[module][which])

    def _new_definitions(self, case: Case) -> Iterator[Envelope]:
        for definition in (run.definition for run in case.steps if run.definition):
            key = _key(definition)
            if key in self._definitions:
                continue
            self._definitions[key] = self.ids.get_next_id()
            place = cm.SourceReference(uri=definition["uri"], location=cm.Location(line=definition["line"]))
            pattern = cm.StepDefinitionPattern(
                source=definition["pattern"], type=cm.StepDefinitionPatternType.regular_expression
            )
            told = cm.StepDefinition(id=self._definitions[key], pattern=pattern, source_reference=place)
            yield _envelope(step_definition=told)

    def _pickle_steps(self, pickle: Mapping[str, Any], case: Case) -> Iterator[cm.TestStep]:
        """Pair a scenario's steps with their definitions; one that was not reached, or is undefined, has none."""
        for step, run in zip(pickle["steps"], case.steps, strict=True):
            found = [self._definitions[_key(run.definition)]] if run.definition else []
            yield cm.TestStep(id=self.ids.get_next_id(), pickle_step_id=step["id"], step_definition_ids=found)


def _key(definition: Mapping[str, Any]) -> tuple[object, ...]:
    return definition["uri"], definition["line"], definition["pattern"]


def _result(run: StepRun) -> cm.TestStepResult:
    exception = None
    if run.exception:
        kind, message = run.exception
        exception = cm.Exception(type=kind, message=message, stack_trace=run.message)
    duration = cm.Duration(**_seconds(run.stop_ns - run.start_ns))
    status = cm.TestStepResultStatus(run.status)
    return cm.TestStepResult(duration=duration, status=status, message=run.message, exception=exception)


def _attachment(title: str, text: str, ids: Mapping[str, str], run: StepRun) -> Envelope:
    return _envelope(
        attachment=cm.Attachment(
            body=text,
            content_encoding=cm.AttachmentContentEncoding.identity,
            media_type="text/x.cucumber.log+plain",
            file_name=title,
            test_case_started_id=ids["test_case_started_id"],
            test_step_id=ids["test_step_id"],
            timestamp=_timestamp(run.stop_ns),
        )
    )


def _timestamp(at_ns: int) -> cm.Timestamp:
    return cm.Timestamp(**_seconds(at_ns))


def _seconds(ns: int) -> dict[str, int]:
    return {"seconds": ns // 10**9, "nanos": ns % 10**9}


def _envelope(**message: object) -> Envelope:
    told: Envelope = cm.message_converter.to_dict(cm.Envelope(**message))  # type: ignore[arg-type]  # One of its members.
    return told
