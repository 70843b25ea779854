"""The demo accounts: who they are, how to get a token for one."""

import http.client
import json
from dataclasses import dataclass

from devstack.problems import DevstackProblem
from devstack.stack import HOST

PASSWORD = "Demo-Pass-2026!"
LOGIN_PATH = "/v1/auth/login"
_ANSWER_SECONDS = 10.0
_MAX_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class DemoLogin:
    email: str
    role: str


DEMO_LOGINS = (
    DemoLogin("anna.lindqvist@demo.huleedu.se", "teacher"),
    DemoLogin("erik.holm@demo.huleedu.se", "teacher"),
    DemoLogin("sara.nyberg@demo.huleedu.se", "teacher"),
    DemoLogin("admin@demo.huleedu.se", "admin"),
)


def first_call(gateway_url: str) -> str:
    """Log in and read the dashboard, with curl and sed alone."""
    credentials = json.dumps({"email": DEMO_LOGINS[0].email, "password": PASSWORD})
    take_token = """sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p'"""
    return (
        f"TOKEN=$(curl -s {gateway_url}{LOGIN_PATH} -H 'Content-Type: application/json' "
        f"-d '{credentials}' | {take_token}) && \\\n"
        f'curl -s {gateway_url}/bff/v1/teacher/dashboard -H "Authorization: Bearer $TOKEN"'
    )


def email_of(user: str) -> str:
    """A whole address as it is; else the one demo login that begins so.

    Raises:
        DevstackProblem: None of the demo logins begins so.
    """
    if "@" in user:
        return user
    found = [login.email for login in DEMO_LOGINS if user and login.email.startswith(user.lower())]
    if len(found) != 1:
        known = ", ".join(login.email.partition("@")[0] for login in DEMO_LOGINS)
        raise DevstackProblem(f"No demo login begins with {user!r}: try one of {known}.")
    return found[0]


def fetch_token(port: int, email: str, password: str) -> str:
    """An access token from the login on that port.

    Raises:
        DevstackProblem: Nobody answers, or the answer holds no token.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=_ANSWER_SECONDS)
    body = json.dumps({"email": email, "password": password})
    try:
        connection.request("POST", LOGIN_PATH, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read(_MAX_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise DevstackProblem(
            f"The login on port {port} does not answer: see ./dev status."
        ) from error
    finally:
        connection.close()
    if answer.status != 200:
        raise DevstackProblem(f"The login of {email} was refused with {answer.status}.")
    return _token_in(content)


def _token_in(content: bytes) -> str:
    try:
        return str(json.loads(content)["access_token"])
    except (ValueError, KeyError, TypeError) as error:
        raise DevstackProblem("The login's answer holds no access token.") from error
