"""Models one can ask: the base, models behind an API, families with rules of their own, the wrapper."""
