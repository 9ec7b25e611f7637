"""The kind backend against a container engine: a stand-in node image, and a real one when it is named."""
