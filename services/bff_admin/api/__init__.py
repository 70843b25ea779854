"""HTTP only: one call of a screen or a port for each route."""
