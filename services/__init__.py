"""The services of this repository, one package each."""
