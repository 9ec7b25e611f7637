"""The Dockerfile: built on a base made of this machine's Python, and run as a pod would run it."""
