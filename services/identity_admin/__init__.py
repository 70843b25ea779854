"""Approval of accounts, as a module that mounts into the platform's Identity."""
