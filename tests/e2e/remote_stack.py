"""A stack that somebody else has started, seen through its gateway alone."""

from dataclasses import dataclass, field
from pathlib import Path

import httpx

from devstack.seed import PASSWORD, DemoUser
from tests.e2e.demo_stack import DemoStack
from tests.e2e.patience import patiently


@dataclass
class RemoteStack(DemoStack):
    """What of a devstack can be had by URL: its users sign in, its gateway answers."""

    address: str = ""
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def at(cls, url: str) -> "RemoteStack":
        return cls(Path("/nonexistent"), 0, url)

    @property
    def gateway(self) -> str:
        return self.address

    @property
    def teacher_doors(self) -> tuple[str, ...]:
        return (f"{self.address}/bff",)

    @property
    def admin_doors(self) -> tuple[str, ...]:
        return (f"{self.address}/bff/v1/admin",)

    def url(self, port: int) -> str:
        raise AssertionError(f"port {port} of a stack elsewhere cannot be reached: mark this test")

    def token(self, person: DemoUser) -> str:
        if person.email not in self._tokens:
            signed = self.sign_in(person.email)
            assert signed.status_code == 200, signed.text
            self._tokens[person.email] = signed.json()["access_token"]
        return self._tokens[person.email]

    def sign_in(self, email: str) -> httpx.Response:
        body = {"email": email, "password": PASSWORD}
        url = f"{self.address}/v1/auth/login"
        return patiently(lambda: httpx.post(url, json=body, timeout=10))
