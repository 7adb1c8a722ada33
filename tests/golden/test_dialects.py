"""Many dialects, one model: the same gateway in Swagger 2.0 and in OpenAPI 3.1."""

from __future__ import annotations

from pathlib import Path

CASES = Path(__file__).parent / "cases"


def test_the_same_gateway_in_two_dialects_is_one_model() -> None:
    models = [
        CASES / f"same-gateway-{dialect}" / "expected" / "model.yaml" for dialect in ("swagger", "openapi")
    ]
    first, second = (path.read_text(encoding="utf-8") for path in models)
    assert first == second


def test_and_one_configuration() -> None:
    for name in ("scoped_routes.yaml", "clusters.yaml", "listeners.yaml"):
        first, second = (
            (CASES / f"same-gateway-{dialect}" / "expected" / name).read_text(encoding="utf-8")
            for dialect in ("swagger", "openapi")
        )
        assert first == second
