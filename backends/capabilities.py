"""What a backend can do, as flags. A scenario's tags name the flags it needs; a backend says which it has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One flag a question; False is always the safe answer."""

    virtual_time: bool = False
    """Does time stand still until the test moves it?"""
    wire_faults: bool = False
    """Can requests be lost, delayed or refused between client and server, in this process?"""
    pods_run: bool = False
    """Does a created pod become Ready without anybody's help?"""
    disposable: bool = False
    """May a test do what it likes to the whole cluster?"""
    audit_trail: bool = False
    """Can the test read which requests the API server saw, from whom and when?"""
    many_identities: bool = False
    """Can the test act as users with different rights?"""
    controllers: bool = False
    """Do Deployments and Jobs make pods, do owned objects go with their owners, do deleted namespaces end?"""
    scripted_programs: bool = False
    """Can the test say what a command does in a container?"""
    cluster_wide: bool = False
    """May a test write outside its own namespaces: nodes, cluster roles, what others have made?"""
