"""The OpenAPI document of an app and the pages that show it."""
