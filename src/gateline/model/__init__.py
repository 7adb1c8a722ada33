"""GROUND: what a gateway is. Frozen values without behaviour beyond checks on themselves.

Nothing here knows a file format, a wire or a clock. Front ends make these values, the compiler reads them.
Import from the modules; this file holds no names.
"""
