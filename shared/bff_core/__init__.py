"""The kernel that every service stands on."""
