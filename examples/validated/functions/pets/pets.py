"""Behind POST /pets and GET /pets/{id} (aws_proxy). What comes here has been checked by the gateway."""

import json


def handler(event, _context):
    if event["httpMethod"] == "POST":
        pet = json.loads(event["body"])
        answer = {"id": len(pet["name"]), "pet": pet}
        return {"statusCode": 201, "body": json.dumps(answer)}
    return {"statusCode": 200, "body": json.dumps({"id": event["pathParameters"]["id"]})}
