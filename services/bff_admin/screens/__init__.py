"""Screens of the admin: calls of several services composed into one response."""
