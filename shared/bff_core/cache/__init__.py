"""Answers kept for a while: in memory, in Redis, or not at all."""
