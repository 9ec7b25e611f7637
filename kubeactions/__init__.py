"""One-time Kubernetes actions: delivered by remote configuration, executed once by the elected leader.

The life of one action, and where each step is:

1. A source delivers a config; the validator reads it into actions         sources/, validator.py
2. The leader makes each one `pending` in the ledger, then acknowledges it  processor/intake.py, ledger/
3. The policy says whether it may run, here and now                         policy/, processor/execution.py
4. Its executor looks at the target and plans; the plan is made an intent   executors/<action type>.py
5. While the lease lasts, one request is sent, with a precondition          executors/, kube.py, elector.py
6. The answer, or what is found at the target, becomes the outcome          executors/, processor/execution.py
7. The outcome is reported until every destination has acknowledged it      processor/outbox.py, reporters/

Whatever dies in between, the next leader goes on from the ledger. To add an action type, add one file to executors/.
Attributes of this package are imported when they are asked for, so that `import kubeactions` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubeactions.agent import Agent
    from kubeactions.model import Action, ActionKey, Executor, Outcome, Reporter, Source, Spec, Status, Target
    from kubeactions.settings import Settings

__all__ = [
    "Action",
    "ActionKey",
    "Agent",
    "Executor",
    "Outcome",
    "Reporter",
    "Settings",
    "Source",
    "Spec",
    "Status",
    "Target",
]

_HOMES = {"Agent": "kubeactions.agent", "Settings": "kubeactions.settings"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES.get(name, "kubeactions.model")), name)
