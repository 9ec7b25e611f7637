"""The work of the leader: rounds of recover, pull, accept, gate, plan, execute, settle, report.

    processor   the rounds, and what begins and ends a term
    intake      sources -> ledger -> acknowledgement
    accept      the rules of identity and dedup; pure
    inbox       what people have asked, as last read
    withdrawals pending -> cancelled, when somebody asked for it
    gates       the policy's facts, and what has begun
    pace        how much one round does, and who is next
    rehearsal   dry runs
    execution   pending -> intent -> request -> outcome
    outbox      ledger -> reporters
    own         what belongs to the agent itself
    alarm       says that the ledger is closed
    telling     what of an action is counted and logged

Whoever belongs here does one bounded part of a round; decisions about one action type belong to its executor, whether
an action may run to the policy, and what is durable to the ledger.
"""

from kubeactions.processor.pace import Pace
from kubeactions.processor.processor import Parts, Processor

__all__ = ["Pace", "Parts", "Processor"]
