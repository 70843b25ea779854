"""How settings are kept and how their changes are told."""
