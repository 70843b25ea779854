"""What this service promises, version by version."""
