from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.sources.project_discovery import DiscoverPart


@pytest.mark.parametrize("written", [{}, {"file": ""}, {"consul": {}}])
def test_a_group_asks_somebody_that_there_is(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DiscoverPart.model_validate(written)
