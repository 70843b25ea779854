"""Durable record of the confirmations that teachers send."""
