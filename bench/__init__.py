"""Figures, as ratios to bare Envoy measured in the same run: `make bench`. Never part of the tests.

`python -m bench` runs every part; `--only authorizers` one of them; `--quick` few and short rounds. What a part
needs and this machine lacks is skipped with a sentence. Processor time is that of whole process trees, from /proc.
"""
