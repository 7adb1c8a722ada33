"""HOST: the process beside Envoy that answers what the script does not know, and performs integrations.

Law: decides nothing that a request of a client could decide for it; user code never runs in it; whatever a request
takes (a place, memory, a turn at the processor) is bounded for all and shared fairly among sources. Front door:
`python -m gateline.host`.
"""
