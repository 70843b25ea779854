"""Renders the gateway's rules as configuration of Envoy and of Traefik."""
