"""Binds features/ to a backend, and enumerates every point at which a leader can die."""
