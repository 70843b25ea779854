"""Who is asking: token verification, roles and keys."""
