"""Wire models, by version."""
