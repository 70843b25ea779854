"""Headers of the screens' files, beside those that every answer of the gateway has."""

from collections.abc import Mapping

PAGE_HEADERS: Mapping[str, str] = {
    # All code, styles and fonts are files of this address: nothing is inline, nothing from elsewhere.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
}
