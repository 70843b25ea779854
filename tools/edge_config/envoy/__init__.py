"""A static bootstrap of Envoy."""

from tools.edge_config.envoy.bootstrap import bootstrap

__all__ = ["bootstrap"]
