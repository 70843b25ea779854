"""Credits: balances, checks and adjustments as Entitlements answers, without any access check."""

from devstack.emulators.entitlements.app import create_app

__all__ = ["create_app"]
