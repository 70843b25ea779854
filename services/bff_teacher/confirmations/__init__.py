"""What this service keeps itself."""
