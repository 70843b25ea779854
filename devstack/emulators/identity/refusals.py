"""The refusals that the Identity service words as a full error detail, and their codes."""

from collections.abc import Mapping


class Refused(Exception):
    """Answered as `{"error": <detail>}`; `status` is the platform's, mostly 400."""

    def __init__(
        self,
        code: str,
        message: str,
        operation: str,
        *,
        details: Mapping[str, object] | None = None,
        status: int = 400,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.operation = operation
        self.details = dict(details or {})
        self.status = status


def invalid_credentials(email: str) -> Refused:
    message = "Invalid email or password"
    details = {"email": email, "message": message}
    return Refused("IDENTITY_INVALID_CREDENTIALS", message, "login", details=details)


def email_not_verified(email: str) -> Refused:
    hint = "Email verification required. Please verify your email before logging in."
    details = {"email": email, "message": hint}
    message = f"Email not verified: {email}"
    return Refused("IDENTITY_EMAIL_NOT_VERIFIED", message, "login", details=details)


def too_many_attempts(limit: int, window_seconds: int) -> Refused:
    # The e-mail's limit calls itself the address's one as well.
    details = {"limit": limit, "window_seconds": window_seconds, "rate_type": "ip_address"}
    return Refused("RATE_LIMIT", "Too many sign-in attempts", "login", details=details)


def already_registered(email: str) -> Refused:
    message = f"User already exists with email: {email}"
    return Refused("IDENTITY_USER_ALREADY_EXISTS", message, "register", details={"email": email})


def already_verified(email: str, operation: str) -> Refused:
    message = f"Email already verified: {email}"
    return Refused("IDENTITY_EMAIL_ALREADY_VERIFIED", message, operation, details={"email": email})


def user_not_found(identifier: str, operation: str, *, status: int = 400) -> Refused:
    details = {"identifier": identifier}
    message = f"No user {identifier}"
    return Refused("IDENTITY_USER_NOT_FOUND", message, operation, details=details, status=status)


def invalid_refresh_token(message: str) -> Refused:
    return Refused("IDENTITY_TOKEN_INVALID", message, "refresh_token", status=401)


def no_token_to_end() -> Refused:
    return Refused("IDENTITY_TOKEN_INVALID", "No token provided for logout", "logout")


def invalid_mailed_token(operation: str) -> Refused:
    message = "The mailed token is not valid"
    return Refused("IDENTITY_VERIFICATION_TOKEN_INVALID", message, operation)


def expired_mailed_token(operation: str) -> Refused:
    message = "The mailed token is too old"
    return Refused("IDENTITY_VERIFICATION_TOKEN_EXPIRED", message, operation)


def invalid_user_id(operation: str) -> Refused:
    details = {"field": "user_id"}
    return Refused("VALIDATION_ERROR", "Invalid user_id format", operation, details=details)


def profile_not_found(user_id: str, operation: str) -> Refused:
    details = {"resource_type": "UserProfile", "resource_id": user_id}
    message = f"UserProfile with ID '{user_id}' not found"
    return Refused("RESOURCE_NOT_FOUND", message, operation, details=details)
