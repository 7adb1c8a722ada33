"""INTEGRATIONS: what API Gateway hands to functions and takes from them.

Law: pure; bytes and values in, bytes and values out. Front doors: `event`, `proxy_response`.
"""
