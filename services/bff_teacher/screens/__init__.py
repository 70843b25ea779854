"""One module a screen: what it needs, what may be missing, how it is joined."""
