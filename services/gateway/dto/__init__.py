"""Request and response models of the routes to Identity."""
