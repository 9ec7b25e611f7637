"""Print the part of requirements.lock that the agent runs with (`run`) or is built with (`build`), hashes and all.

The Dockerfile installs that and nothing of what only tests need. The lock file says of each package what needs it
("# via"): the part is what pyproject.toml names, and whatever is there because of that.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def needed(part: str) -> set[str]:
    """The names that pyproject.toml gives for this part."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {"run": project["project"]["dependencies"], "build": project["build-system"]["requires"]}[part]
    return {name(line) for line in wanted}


def name(requirement: str) -> str:
    """The package of a requirement, as the lock file spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]).lower()


def locked(text: str, names: set[str]) -> str:
    """The entries of `names` and of everything that is there because of them."""
    entries = {name(one): one for one in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]}
    because = {one: {name(line) for line in re.findall(r"# +(?:via +)?(\S+)", entry)} for one, entry in entries.items()}
    if missing := names - entries.keys():
        raise SystemExit(f"requirements.lock has no {', '.join(sorted(missing))}: run scripts/lock")
    while more := {one for one in entries.keys() - names if because[one] & names}:
        names |= more
    return "".join(entries[one] for one in sorted(names))


if __name__ == "__main__":
    print(locked((ROOT / "requirements.lock").read_text(), needed(sys.argv[1])), end="")
