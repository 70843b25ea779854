"""Policies around a call, one file each."""
