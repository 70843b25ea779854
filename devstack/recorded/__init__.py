"""A developer's check: the emulators against recorded answers of the real services."""
