"""The function of this case."""


def handler(event: object, context: object) -> dict[str, int]:
    """Answer nothing."""
    return {"statusCode": 204}
