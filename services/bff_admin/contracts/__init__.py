"""Responses of other services, as far as they are read."""
