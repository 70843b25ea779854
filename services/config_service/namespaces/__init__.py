"""What settings there are: one JSON Schema file for each namespace."""

from services.config_service.namespaces.loader import SHIPPED, load_namespaces
from services.config_service.namespaces.namespace import Namespace, Namespaces

__all__ = ["SHIPPED", "Namespace", "Namespaces", "load_namespaces"]
