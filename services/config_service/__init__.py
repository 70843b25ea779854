"""Versioned, audited settings per namespace."""
