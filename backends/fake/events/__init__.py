"""The Events that the cluster's own components write, and how long any Event stays.

    a component says something -> Recorder (keeps it) -> Correlator (counts what comes again) -> the store

`recorder` is what the controllers, the scheduler and the kubelets speak to, `correlation` decides what becomes of what
they say, as client-go's recorders do, and `expiry` clears away after an hour, as the API server's `--event-ttl` does.

Events are put into the store when somebody looks at Events, not when they happen: most clusters that are simulated are
never asked for theirs, and then they cost next to nothing. Whoever asks cannot tell, but by two things: their
resourceVersions are those of the moment in which they were first asked for, and no requests for them are in the audit
trail (as with the audit policies that leave Events out). What is written down meanwhile draws nothing from the
cluster's random numbers, so that nobody's uid depends on who has looked.
"""

from backends.fake.events.expiry import EVENT_TTL_S, Expiry
from backends.fake.events.recorder import Recorder
from backends.fake.events.words import Reference, Source

__all__ = ["EVENT_TTL_S", "Expiry", "Recorder", "Reference", "Source"]
