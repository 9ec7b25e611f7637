"""Resource quotas: what an object counts for, which quotas see it, and what is left.

`usage` measures objects, `matching` finds the quotas that count an object, `charging` is the admission plugin's
decision. The plugin charges at admission, the controller recounts; both use the same measures. Pure: nothing here
reads a store.

Not counted: devices of resource claims, and volume attributes classes as a scope.
"""

from backends.fake.quota.charging import Charge, Refusal, charge
from backends.fake.quota.matching import matches, names_counted
from backends.fake.quota.usage import Usage, counts_update, usage_of

__all__ = ["Charge", "Refusal", "Usage", "charge", "counts_update", "matches", "names_counted", "usage_of"]
