"""PROVE: tries to reach every service around the gateway, and says what it saw.

Law: says only what was tried; what could not be tried is told as such, never as closed. Sends GET, HEAD and OPTIONS, no
body, a bounded number of requests in a bounded time, and nobody's secret but one that counts no more.
Front door: `examination.examine`.
"""
