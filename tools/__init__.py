"""Checks and generators behind `./dev check` and `./dev generate`."""
