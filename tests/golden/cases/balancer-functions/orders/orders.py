def handler(event, context):
    """Answer nothing."""
    return {"statusCode": 204}
