"""Outbound calls: what to ask is the client's, how to ask is here."""
