"""AUTHORITY: the gateway's own certificates, keys and seals.

Law: pure functions over bytes and times; no files, no sockets, no clock. What it makes the runtime keeps.
Front doors: `seal` (what is kept encrypted), `certificates` (the built-in authority), `link_certificates` (those of
nodes), `assertion` (signed tokens).
"""
