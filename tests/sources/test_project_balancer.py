from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateline.sources.project_balancer import CertificatePart


def test_a_listeners_certificate_says_where_it_is() -> None:
    with pytest.raises(ValidationError, match="self_signed: true"):
        CertificatePart.model_validate({})
