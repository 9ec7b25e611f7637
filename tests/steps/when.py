"""Steps of the scenarios: When."""
