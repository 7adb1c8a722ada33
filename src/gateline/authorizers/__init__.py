"""AUTHORIZERS: what an authorizer's answer means: read, normalised, judged, written for `gateway.lua`.

Law: pure; no sockets, no clock. Front doors: `answer.read_answer`, `judgement.judge`, `wire.encode`.
"""
