"""`python -m tests.envtest FOLDER`: put the stand-in programs there and print its path, for KUBEBUILDER_ASSETS."""

import sys
from pathlib import Path

from tests.envtest import programs

if len(sys.argv) != 2:
    sys.exit("usage: python -m tests.envtest FOLDER")
print(programs.install(Path(sys.argv[1]).resolve()))
