"""What the service decides; frameworks and databases are somebody else's."""
