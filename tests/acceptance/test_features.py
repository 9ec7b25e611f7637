"""Every scenario under features/, as a test."""

from __future__ import annotations

from pytest_bdd import scenarios

scenarios("")
