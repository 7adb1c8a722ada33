"""HOST: the process beside Envoy that answers what the script does not know, and stands behind functions.

Law: decides nothing that a request of a client could decide for it; user code never runs in it. Front door:
`python -m gateline.host`.
"""
