"""Inbound requests: from bytes to a context, from a model or a failure to bytes."""
