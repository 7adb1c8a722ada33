"""SIDECAR: an Envoy beside a service that cannot be changed, `gateline sidecar`.

Law: lets a request pass only with the gateway's proof; anything else is refused before it reaches the application.
Front door: `session.become_envoy`.
"""
