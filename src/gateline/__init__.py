"""Gateline: API Gateway definitions, run by Envoy inside your own network."""

__version__ = "0.1.0"
