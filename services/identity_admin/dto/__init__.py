"""What this module promises on the wire."""
