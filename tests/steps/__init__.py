"""The whole vocabulary of the scenarios: given, when, then, and the world that they act on."""
