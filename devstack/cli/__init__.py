"""The commands of `./dev` around the devstack."""
