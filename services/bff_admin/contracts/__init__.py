"""What those services send, as far as we read it."""
