"""How it is done: over Identity's database, and over Redis."""
