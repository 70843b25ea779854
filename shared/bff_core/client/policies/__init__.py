"""Policies around a call."""
