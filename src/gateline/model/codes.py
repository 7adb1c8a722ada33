"""Every diagnostic code. A code is forever: never renumber, never reuse.

Series: GL1xx reading files · GL2xx the project file · GL3xx the definition · GL4xx not supported (allowable) ·
GL5xx authorization (never allowable) · GL6xx routing and mapping · GL7xx what an Envoy refused.
Each has a page `docs/reference/diagnostics/GLnnn.md`.
"""

from __future__ import annotations

from gateline.model.diagnostic import Code, Severity

NOT_YAML_OR_JSON = Code(name="GL101", title="the file is neither JSON nor YAML")
DUPLICATE_KEY = Code(name="GL102", title="a key is written twice", severity=Severity.WARNING)

UNKNOWN_KEY = Code(name="GL201", title="an unknown key")
KEY_NOT_SUPPORTED_YET = Code(name="GL202", title="a key that this version does not support yet")
KEY_MISSING = Code(name="GL203", title="a required key is missing")
WRONG_TYPE = Code(name="GL204", title="a value of the wrong type")
VALUE_NOT_ALLOWED = Code(name="GL205", title="a value that is not allowed")
NAME_NOT_ALLOWED = Code(name="GL206", title="a name that is not allowed")
KEYS_DO_NOT_FIT = Code(name="GL207", title="keys that do not fit together")
ENVIRONMENT_NOT_SET = Code(name="GL208", title="an environment variable is not set")
ENVIRONMENT_REFERENCE_MALFORMED = Code(name="GL209", title="a malformed ${env:...} reference")
INCLUDE_NOT_FOUND = Code(name="GL210", title="an include that finds no file")
INCLUDE_CYCLE = Code(name="GL211", title="files that include each other")
INCLUDE_CONFLICT = Code(name="GL212", title="a key is set in two included files")
FILE_NOT_READABLE = Code(name="GL213", title="a file that the project names cannot be read")
NOT_A_PROJECT = Code(name="GL214", title="neither a project file nor an OpenAPI document")
API_NOT_DECLARED = Code(name="GL215", title="an API is named but not declared")
HOST_TAKEN = Code(name="GL216", title="two APIs would answer to the same host")
API_ID_TAKEN = Code(name="GL217", title="two APIs with the same id")
NAME_TAKEN = Code(name="GL218", title="a secret and a substitution of the same name")
STAGE_VARIABLE_NOT_DEFINED = Code(
    name="GL219", title="a stage variable is used but not defined", severity=Severity.WARNING
)
VPC_LINK_NOT_DECLARED = Code(name="GL220", title="a VPC link is used but not declared")
DECLARED_BUT_UNUSED = Code(name="GL221", title="something is declared but never used", severity=Severity.WARNING)
SECRET_WITHOUT_VALUE = Code(name="GL222", title="a secret has no value here")

# Found by the runtime, when it reads values and files that `check` does not open.
SECRET_UNREADABLE = Code(name="GL280", title="a secret's value cannot be read")
SECRET_INVALID = Code(name="GL281", title="a secret's value cannot be sent in a header")
CERTIFICATE_UNREADABLE = Code(name="GL282", title="a certificate or private key cannot be read")
CERTIFICATE_MISMATCH = Code(name="GL283", title="a private key does not belong to its certificate")
CERTIFICATE_NOT_VALID = Code(name="GL284", title="a certificate is expired or not valid yet")
CERTIFICATE_EXPIRES_SOON = Code(name="GL285", title="a certificate expires soon", severity=Severity.WARNING)
NEEDS_RESTART = Code(name="GL286", title="a change takes effect after a restart only", severity=Severity.WARNING)

REFUSED_BY_ENVOY = Code(name="GL701", title="an Envoy refused what was compiled from here")

INTEGRATION_UNSUPPORTED = Code(name="GL401", title="an integration type that is not supported yet", allowable=True)
MOCK_UNSUPPORTED = Code(name="GL402", title="a mock that reads the request is not supported yet", allowable=True)
MAPPING_UNSUPPORTED = Code(name="GL403", title="a parameter mapping that is not supported yet", allowable=True)
VALIDATION_UNSUPPORTED = Code(name="GL404", title="request validation is not supported yet", allowable=True)
GATEWAY_RESPONSE_UNSUPPORTED = Code(
    name="GL405", title="customised gateway responses are not supported yet", allowable=True
)
COMPRESSION_UNSUPPORTED = Code(name="GL406", title="compression is not supported yet", allowable=True)

AUTHORIZER_UNSUPPORTED = Code(name="GL501", title="an authorization that is not supported yet")
API_KEY_UNSUPPORTED = Code(name="GL502", title="API keys are not supported yet")
RESOURCE_POLICY_UNSUPPORTED = Code(name="GL503", title="resource policies are not supported yet")

FORBIDDEN_ADDRESS = Code(name="GL601", title="an address that no integration may reach")
ENDPOINT_INVALID = Code(
    name="GL602", title="an integration without a usable endpoint in a stage", severity=Severity.WARNING
)
SECRET_WITHOUT_SOURCE = Code(name="GL603", title="a secret that a mapping names has no value")
