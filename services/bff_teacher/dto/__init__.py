"""What this service promises to its callers."""
