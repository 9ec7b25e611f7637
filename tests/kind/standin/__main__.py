"""`python -m tests.kind.standin`: build the image on the engine of this machine and print its name."""

from backends.kind import engine
from tests.kind.standin import build

client = engine.connect()
print(build(client))
client.close()
