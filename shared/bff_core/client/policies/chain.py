"""The order in which policies run around a call to a downstream service."""

from bff_core.client.call import Policy, Send


def pipeline(send: Send, *policies: Policy) -> Send:
    """Wrap `send` in policies; the first is the outermost, so the list reads as it runs."""
    for policy in reversed(policies):
        send = policy(send)
    return send
