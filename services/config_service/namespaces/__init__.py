"""The namespaces of settings, each defined by one JSON Schema file."""

from services.config_service.namespaces.loader import SHIPPED, load_namespaces
from services.config_service.namespaces.namespace import Namespace, Namespaces

__all__ = ["SHIPPED", "Namespace", "Namespaces", "load_namespaces"]
