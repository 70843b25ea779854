"""What `./dev check` and `./dev bench` run."""
