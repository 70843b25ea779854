"""Forwarding, rate limits and error translation of the gateway."""
