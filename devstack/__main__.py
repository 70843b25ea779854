"""`python -m devstack`: the commands of `./dev` that start, stop and show the platform."""

from devstack.cli.commands import main

main()
