"""`python -m devstack.screens`: build the screens into `web/dist/`, as the image does."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from devstack.screens.build import Checkout, NotBuiltError, build_changed
from devstack.supervisor.child import CODE_ROOT


def main() -> int:
    with TemporaryDirectory() as folder:
        checkout = Checkout(CODE_ROOT, Path(folder) / "web.log")
        try:
            build_changed(checkout, print)
        except NotBuiltError as error:
            log = checkout.log.read_text("utf-8", "replace") if checkout.log.exists() else ""
            sys.stderr.write(f"{log}The screens were not built: {error}.\n")
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
