"""Rules for the compose files and the image; each finding is a line with its remedy."""
