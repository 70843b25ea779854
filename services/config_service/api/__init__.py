"""HTTP routes: one call of a handler each."""
