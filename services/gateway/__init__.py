"""The edge: authenticates callers, limits them and forwards their requests to the services."""
