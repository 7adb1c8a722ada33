"""Figures, as ratios to bare Envoy measured in the same run: `make bench`. Never part of the tests."""
