"""ROTATION: a secret is replaced while requests go on.

Law: a state machine without clock, dice and I/O; it says what counts at each step, and what comes next. Whoever
performs a step keeps it before.
Front door: `machine`.
"""
