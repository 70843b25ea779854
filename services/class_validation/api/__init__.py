"""HTTP route: parameters, and the JSON that class management answers in."""
