"""TEMPLATES: mapping templates (VTL), JSONPath, and Java's regular expressions, as API Gateway runs them.

*Law:* pure, and bounded: no template takes more steps, time or text than it is given, whatever a client sends.
"""
