"""HTTP routes: one call of a screen or a port each."""
