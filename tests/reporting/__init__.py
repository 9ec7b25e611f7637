"""What a run of the features tells others: JUnit for machines, Cucumber messages for tools, one HTML page for people.

`pytest --report-dir DIR` (`plugin.py`, loaded by `tests.plugin`) writes `DIR/<backend>.xml` and `DIR/<backend>.ndjson`,
with or without xdist. `scripts/report DIR/*.ndjson` (`__main__.py`) lays the messages of several backends side by side
on one page. The two sides share nothing but the messages, whose schema is Cucumber's own: what another Cucumber tool
writes can be shown, and what is written here can be read by theirs.

How pytest's outcomes are told in a protocol that knows no fixtures, no skip marks and no expected failures:

- fixtures are a hook before the scenario and one after it: a skip mark is a `SKIPPED` hook with the reason as its
  message, an error in a fixture a `FAILED` hook;
- a failure that was announced by `xfail` is `SKIPPED`, so that the run still counts as a success, and its message
  starts with `EXPECTED`;
- when a worker process dies, nobody knows how far its scenario came: its steps are `UNKNOWN`.
"""

from __future__ import annotations

EXPECTED = "expected to fail: "
"""How the message of a failure starts that an `xfail` mark had announced."""
