"""What this service promises on the wire."""
