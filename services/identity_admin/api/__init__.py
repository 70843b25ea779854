"""HTTP routes: access, parameters, and the handler that answers."""
