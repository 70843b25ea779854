"""Faults for the emulated services."""

from devstack.faults.fault import Fault, FaultDelay, FaultError, FaultList

__all__ = ["Fault", "FaultDelay", "FaultError", "FaultList"]
