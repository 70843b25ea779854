"""The platform in a box: emulated services, seed, supervisor and faults."""
