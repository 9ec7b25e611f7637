"""What runs in the containers of the in-memory cluster: scripted programs, and what containers have logged.

No process is started. Whoever uses the fake says what a command does, by data or by a generator (`steps`), for which
pods and containers (`table`); a few commands of every image are there already (`builtin`). `session` is one exec or
attach on a connection, in the channel protocol that the real server speaks. All waiting is by the cluster's clock.

    cluster.programs.run(["psql", "-c", "*"], Scripted([Out("1 row")], exit_code=0), pod="db-*")
    cluster.programs.log([Line("listening", after_s=0.5)], pod="web-*")

A command that nobody has scripted is one whose executable does not exist: the refusal says so, it is never a success.
"""

from backends.fake.programs.session import PROTOCOLS, Session
from backends.fake.programs.steps import Cut, Err, Fail, Invocation, Out, Program, Read, Scripted, Sleep, Step
from backends.fake.programs.table import Line, Programs

__all__ = [
    "PROTOCOLS",
    "Cut",
    "Err",
    "Fail",
    "Invocation",
    "Line",
    "Out",
    "Program",
    "Programs",
    "Read",
    "Scripted",
    "Session",
    "Sleep",
    "Step",
]
