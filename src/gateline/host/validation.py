r"""`identityValidationExpression`: whether a token has the form that an authorizer asks for.

The expressions are Java's, matched against the whole token. `regex` knows what they use and `re` and RE2 do not
(possessive quantifiers, `\p{Alpha}`, `[a-z&&[^q]]`, lookahead), and breaks off when it is told to: `(a|aa)+$` on
thirty bytes ends after the time given here, where `re` goes on for ever.
"""

from __future__ import annotations

from typing import Final

import regex

LONGEST_MATCH_SECONDS: Final = 0.01
LONGEST_TOKEN: Final = 16 * 1024


class ExpressionInvalid(Exception):
    """The expression cannot be read; the message says why."""


class Validation:
    """One expression, ready to match.

    Raises:
        ExpressionInvalid: it cannot be read.

    """

    def __init__(self, expression: str) -> None:
        try:
            self._pattern = regex.compile(
                expression, regex.VERSION1 | regex.ASCII
            )  # Java's \w and \d are ASCII
        except (regex.error, OverflowError, RecursionError) as error:
            raise ExpressionInvalid(str(error)) from error

    def judge(self, token: str) -> bool | None:
        """Whether the whole token has the form; None when that is not known after `LONGEST_MATCH_SECONDS`."""
        if len(token) > LONGEST_TOKEN:
            return False
        try:
            return self._pattern.fullmatch(token, timeout=LONGEST_MATCH_SECONDS) is not None
        except (TimeoutError, MemoryError):
            return None
