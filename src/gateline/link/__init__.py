"""LINK: the private side of a tunnel, `gateline link`: an Envoy that dials out to the gateway.

Law: listens on nothing; reaches only what its own file exports; its private key never leaves its folder.
Front door: `session.serve`.
"""
