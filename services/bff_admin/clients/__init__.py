"""Adapters to the services that the admin BFF asks."""
