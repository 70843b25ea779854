"""The admin BFF: accounts, settings, audit and an overview of operations."""
