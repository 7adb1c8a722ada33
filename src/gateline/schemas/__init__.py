"""SCHEMAS: models of an API (JSON Schema, draft 4) and the words in which API Gateway refuses a body.

*Law:* pure, and bounded: no body takes more time than it is given, whatever it holds.
"""
