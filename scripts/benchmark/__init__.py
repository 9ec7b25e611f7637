"""The project's measurements: each number is a ratio against a ceiling or a peer in the same run.

`scripts/bench` runs them, prints a table and writes JSON. They are no tests: nothing fails on a slow machine. The
targets beside the ratios are what the project asks of itself.
"""
