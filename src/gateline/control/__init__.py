"""CONTROL PLANE: gives every Envoy the same consistent resources over ADS, and knows what each has accepted.

What is served is given (`Publisher.publish(snapshot)`), never fetched: this room knows neither files nor
sources. The protocol is state machines without I/O (`subscription`, `node`); `publication` holds the timers
and the waiting, `ads` the socket. A configuration is applied whole, in an order in which no request fails,
or taken back whole.
"""
