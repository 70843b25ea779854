"""The schema's steps, with a root and a version table of their own."""
