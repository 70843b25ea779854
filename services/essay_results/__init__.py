"""Results of one essay, as a route that mounts into the platform's result aggregator."""
