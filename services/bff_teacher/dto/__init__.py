"""Request and response models of this service's public API."""
