"""Steps of the scenarios: Then."""
