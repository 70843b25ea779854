"""Switches of operators as a test has set them."""

from services.bff_teacher.ports.maintenance import Maintenance


class SetSwitches:
    """Says what a test has set."""

    def __init__(self, maintenance: Maintenance) -> None:
        self.maintenance = maintenance
