"""`SelectorError`: a selector that cannot be read."""


class SelectorError(ValueError):
    """The selector cannot be read: answered as 400 with this text."""
