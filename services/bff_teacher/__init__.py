"""The teacher's BFF: screens 1 to 4, composed from the platform's services."""
