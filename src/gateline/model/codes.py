"""Every diagnostic code. A code is forever: never renumber, never reuse.

Series: GL1xx reading files · GL2xx the project file · GL3xx the definition · GL4xx not supported (allowable) ·
GL5xx authorization (never allowable) · GL6xx routing and mapping · GL7xx what an Envoy refused.
Each has a page `docs/reference/diagnostics/GLnnn.md`.
"""

from __future__ import annotations

from gateline.model.diagnostic import Code, Severity

NOT_YAML_OR_JSON = Code(name="GL101", title="the file is neither JSON nor YAML")
DUPLICATE_KEY = Code(name="GL102", title="a key is written twice", severity=Severity.WARNING)
