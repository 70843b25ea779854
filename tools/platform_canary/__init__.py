"""Asks a real platform which of our workarounds it still needs, and what has changed in it."""
