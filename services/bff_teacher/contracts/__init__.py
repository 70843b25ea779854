"""Bodies of the platform's services, reduced to the fields that are read."""
