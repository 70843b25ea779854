"""Telling users' open screens that something has changed."""
