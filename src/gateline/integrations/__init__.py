"""INTEGRATIONS: what API Gateway hands to functions, backends and services, and what clients get of their answers.

Law: pure; bytes and values in, bytes and values out. Front doors: `event` and `proxy_response` for proxies to
functions, `exchange` for all that is mapped, `gateway_response` for what API Gateway answers itself.
"""
