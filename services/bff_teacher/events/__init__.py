"""The platform's events, kept as facts of batches that no other source tells."""
