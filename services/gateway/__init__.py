"""The edge: verifies the caller, passes requests on to the services behind it, adds nothing."""
