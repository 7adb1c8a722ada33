"""FUNCTIONS: runs code of the user's, and answers for whatever it does.

Law: knows no gateway, no API and no Envoy; user code never runs in this process. Front door:
`catalogue.Functions`.
"""
