"""HTTP adapters of the ports, one module a downstream service."""
