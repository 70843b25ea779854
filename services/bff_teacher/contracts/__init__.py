"""What the platform's services send, as far as we read it."""
