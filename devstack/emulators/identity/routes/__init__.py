"""The HTTP face of the emulated Identity service, a blueprint per area."""
