"""Review state of batches, as a route that mounts into the platform's class management."""
