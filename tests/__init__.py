"""Everything that proves the project; `tests/plugin.py` is what pytest loads first."""
