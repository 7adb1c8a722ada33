"""An ext_authz authorizer over gRPC (grpc.aio): `grpc_authorizer.py SOCKET`.

Only the fields of `envoy.service.auth.v3` that are read or written are declared, with the numbers of Envoy's
proto files. protobuf skips the others, so this is never dearer than with the whole of Envoy's API.
"""

import asyncio
import sys
from typing import Any

import grpc
from decision import decide
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TYPES: dict[str, Any] = {"string": 9, "int32": 5, "message": 11}
MESSAGES = {  # message: {field: (number, type)}
    "HttpRequest": {"headers": (3, "HttpRequest.HeadersEntry*")},
    "Request": {"http": (2, "HttpRequest")},
    "AttributeContext": {"request": (4, "Request")},
    "CheckRequest": {"attributes": (1, "AttributeContext")},
    "Status": {"code": (1, "int32")},
    "HeaderValue": {"key": (1, "string"), "value": (2, "string")},
    "HeaderValueOption": {"header": (1, "HeaderValue")},
    "HttpStatus": {"code": (1, "int32")},
    "DeniedHttpResponse": {"status": (1, "HttpStatus")},
    "OkHttpResponse": {"headers": (2, "HeaderValueOption*")},
    "CheckResponse": {
        "status": (1, "Status"),
        "denied_response": (2, "DeniedHttpResponse"),
        "ok_response": (3, "OkHttpResponse"),
    },
}


def messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="bench.proto", package="bench", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            added = message.field.add(name=field, number=number, label=3 if kind.endswith("*") else 1)
            if kind in TYPES:
                added.type = TYPES[kind]
            else:
                added.type, added.type_name = TYPES["message"], ".bench." + kind.rstrip("*")
    entry = file.message_type[0].nested_type.add(
        name="HeadersEntry"
    )  # what map<string, string> is on the wire
    entry.options.map_entry = True
    for number, field in enumerate(("key", "value"), 1):
        entry.field.add(name=field, number=number, label=1, type=TYPES["string"])
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {n: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"bench.{n}")) for n in MESSAGES}


OF = messages()
CheckResponse = OF["CheckResponse"]
UNAUTHORIZED = CheckResponse(status={"code": 16}, denied_response={"status": {"code": 401}})
FORBIDDEN = CheckResponse(status={"code": 7}, denied_response={"status": {"code": 403}})


async def check(asked: Any, _context: object) -> object:  # noqa: ANN401 - a class made at run time
    name, allowed = decide(asked.attributes.request.http.headers.get("authorization", ""))
    if name is None:
        return UNAUTHORIZED
    if not allowed:
        return FORBIDDEN
    return CheckResponse(ok_response={"headers": [{"header": {"key": "x-principal", "value": name}}]})


async def main() -> None:
    method = grpc.unary_unary_rpc_method_handler(
        check,
        request_deserializer=OF["CheckRequest"].FromString,
        response_serializer=CheckResponse.SerializeToString,
    )
    server = grpc.aio.server()
    service = "envoy.service.auth.v3.Authorization"
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {"Check": method})])
    server.add_insecure_port(f"unix:{sys.argv[1]}")
    await server.start()
    await server.wait_for_termination()


asyncio.run(main())
