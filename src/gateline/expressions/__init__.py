"""EXPRESSIONS: regular expressions of balancers' rules, in the dialect that Amazon's and Envoy's RE2 share.

*Law:* pure, and linear in the text that is judged. *Front doors:* `syntax.parse`, what a user wrote; `automaton`, which
texts fit; `re2`, how Envoy is told.
"""
