"""BACK END: model to Envoy resources. Pure functions: no files, no sockets, no clock.

The front door is `compile_gateway(gateway, keyring)`.
"""
