"""How the gateway does what its routes ask for."""
