"""Steps of the scenarios: Given."""
