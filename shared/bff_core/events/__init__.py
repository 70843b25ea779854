"""Telling users' open screens that something has changed."""

from bff_core.events.channels import NO_CHANNELS, UserChannels

__all__ = ["NO_CHANNELS", "UserChannels"]
