"""Decorators and helpers that routes are made of."""
