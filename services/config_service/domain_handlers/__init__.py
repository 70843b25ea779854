"""Use cases of the service, free of frameworks and databases."""
