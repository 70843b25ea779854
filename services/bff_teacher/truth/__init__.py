"""Derives from several sources what is true of a batch; pure functions."""
