"""Screens, one module each: the parts, which of them are optional, and how they are joined."""
