"""The demo logins, and access tokens for them."""

import http.client
import json
from urllib.parse import urlsplit

from devstack.errors import DevstackError, did_you_mean
from devstack.seed.people import ADMIN, PASSWORD, SCHOOL_ADMIN, TEACHERS
from devstack.supervisor.stack import HOST

LOGIN_PATH = "/v1/auth/login"
DEMO_LOGINS = (*TEACHERS, ADMIN, SCHOOL_ADMIN)
_TIMEOUT_SECONDS = 10.0
_MAX_ANSWER_BYTES = 64 * 1024


def first_call(gateway_url: str) -> str:
    """Shell lines that log in and read the dashboard, with curl and sed alone."""
    credentials = json.dumps({"email": DEMO_LOGINS[0].email, "password": PASSWORD})
    extract_token = """sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p'"""
    return (
        f"TOKEN=$(curl -s {gateway_url}{LOGIN_PATH} -H 'Content-Type: application/json' "
        f"-d '{credentials}' | {extract_token}) && \\\n"
        f'curl -s {gateway_url}/bff/v1/teacher/dashboard -H "Authorization: Bearer $TOKEN"'
    )


def email_of(user: str) -> str:
    """A whole address as it is; else the one demo login that begins so.

    Raises:
        DevstackError: No demo login begins so, or several do.
    """
    if "@" in user:
        return user
    found = [login.email for login in DEMO_LOGINS if user and login.email.startswith(user.lower())]
    if len(found) != 1:
        known = [login.email.partition("@")[0] for login in DEMO_LOGINS]
        near = did_you_mean(user.lower(), [*known, *(name.partition(".")[0] for name in known)])
        raise DevstackError(
            f"No demo login begins with {user!r}: try one of {', '.join(known)}.{near}"
        )
    return found[0]


def local_url(port: int) -> str:
    return f"http://{HOST}:{port}"


def fetch_token(url: str, email: str, password: str) -> str:
    """An access token from the login at that base URL.

    Raises:
        DevstackError: The URL is not plain HTTP, there is no answer, it is a refusal, or it holds
            no token.
    """
    try:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT_SECONDS)
    except (ValueError, http.client.InvalidURL) as error:
        raise DevstackError(f"{url} is not a base URL such as {local_url(8080)}.") from error
    if parts.scheme != "http" or not parts.netloc:
        raise DevstackError(f"{url} is not a base URL such as {local_url(8080)}.")
    body = json.dumps({"email": email, "password": password})
    try:
        connection.request("POST", LOGIN_PATH, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read(_MAX_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        message = f"The login at {url} does not answer: see ./dev status, or docker compose ps."
        raise DevstackError(message) from error
    finally:
        connection.close()
    if response.status != 200:
        reason = _reason_in(content)
        raise DevstackError(f"The login of {email} was refused with {response.status}{reason}.")
    try:
        return str(json.loads(content)["access_token"])
    except (ValueError, KeyError, TypeError) as error:
        raise DevstackError("The login's answer holds no access token.") from error


def _reason_in(content: bytes) -> str:
    """The message of an error envelope after a colon; nothing where there is none."""
    try:
        return f": {json.loads(content)['error']['message'].rstrip('.')}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
