"""What the gateway takes and promises on the routes to Identity."""
