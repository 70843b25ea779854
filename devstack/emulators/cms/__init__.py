"""Class management: classes, pupils and matches as CMS answers, without any ownership check."""

from devstack.emulators.cms.app import create_app

__all__ = ["create_app"]
