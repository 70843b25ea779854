"""Live updates: what changed for a teacher, told to their open screens."""
