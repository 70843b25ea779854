"""`python -m devstack`: what `./dev up` and its siblings call."""

from devstack.cli import main

main()
