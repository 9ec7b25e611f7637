"""The protocol explored as a model, and its shortcuts planted into the real code: what the promises rest on."""
