"""HTTP route: the JSON that the result aggregator answers in."""
