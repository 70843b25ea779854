"""The orchestrator: pipeline states, preflight and retry as BOS answers, without any access check."""

from devstack.emulators.bos.app import create_app

__all__ = ["create_app"]
