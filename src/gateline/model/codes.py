"""Every diagnostic code. A code is forever: never renumber, never reuse.

Series: GL1xx reading files · GL2xx the project file · GL3xx the definition · GL4xx not supported (allowable) ·
GL5xx authorization (never allowable) · GL6xx routing and mapping · GL7xx what an Envoy refused.
Each has a page `docs/reference/diagnostics/GLnnn.md`.
"""

from __future__ import annotations

from gateline.model.diagnostic import Code, Severity

NOT_YAML_OR_JSON = Code(name="GL101", title="the file is neither JSON nor YAML")
DUPLICATE_KEY = Code(name="GL102", title="a key is written twice", severity=Severity.WARNING)
NOT_UTF8 = Code(name="GL103", title="the file is not UTF-8 text")
LARGER_THAN_AMAZON_TAKES = Code(
    name="GL104", title="the definition is larger than API Gateway imports", severity=Severity.WARNING
)
BEYOND_BOUNDS = Code(name="GL105", title="the file is too large, too deep or repeats itself too often")
UNKNOWN_TAG = Code(name="GL106", title="a YAML tag that is not understood")
LONE_SURROGATE = Code(name="GL107", title="text that is not Unicode")

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
DECLARED_BUT_UNUSED = Code(
    name="GL221", title="something is declared but never used", severity=Severity.WARNING
)
SECRET_WITHOUT_VALUE = Code(name="GL222", title="a secret has no value here")
DEFAULT_API_NOT_NAMED = Code(name="GL223", title="several APIs and no default one", severity=Severity.WARNING)
FUNCTION_NOT_DECLARED = Code(name="GL224", title="a function is used but not declared")
HANDLER_NOT_FOUND = Code(name="GL225", title="a handler's file is not in the function's code")
TARGET_GROUP_NOT_DECLARED = Code(name="GL226", title="a target group is named but not declared")
LOAD_BALANCER_NOT_DECLARED = Code(name="GL227", title="a load balancer is named but not declared")
CONDITION_INVALID = Code(name="GL228", title="a condition that a listener's rule does not take")
RULE_INVALID = Code(name="GL229", title="a rule that a listener does not take")
ACTION_INVALID = Code(name="GL230", title="an action that a listener does not take")
LISTENER_INVALID = Code(name="GL231", title="a listener that its load balancer does not take")
SOCKET_TAKEN = Code(name="GL232", title="two listeners at one address and port")
DNS_NAME_TAKEN = Code(name="GL233", title="two load balancers with the same dns_name")
TARGET_GROUP_PROTOCOL = Code(
    name="GL234", title="a target group of a protocol that its balancer does not speak"
)
SERVICE_INVALID = Code(name="GL235", title="a service that its target group cannot reach")
STAGE_NOT_DECLARED = Code(name="GL236", title="a stage is named but not declared")
TOO_MANY_RULES = Code(
    name="GL237", title="more rules than a load balancer takes at Amazon", severity=Severity.WARNING
)
METHOD_NOT_DEFINED = Code(name="GL238", title="a setting of a method that the API does not have")
API_KEY_TAKEN = Code(name="GL239", title="two API keys of the same name or value")
API_KEY_IN_TWO_PLANS = Code(name="GL240", title="an API key in two usage plans of one stage")
KEY_FILE_INVALID = Code(name="GL241", title="a file of API keys that API Gateway does not take")
SECRET_NOT_ROTATED_HERE = Code(name="GL242", title="a secret that the gateway does not rotate")

CLIENT_CERTIFICATE_NOT_DECLARED = Code(name="GL245", title="a client certificate is named but not declared")
CLIENT_CERTIFICATE_NOT_SHOWN = Code(
    name="GL246", title="a client certificate that no server is shown", severity=Severity.WARNING
)
TARGET_TLS_NOT_SPOKEN = Code(
    name="GL247", title="a target group whose tls is never spoken", severity=Severity.WARNING
)
ASSERTION_HEADER_TAKEN = Code(name="GL248", title="a header that cannot carry assertions")
TUNNELS_WITHOUT_LISTENER = Code(name="GL249", title="tunnels, and no place where their nodes dial in")
TUNNEL_NOT_DECLARED = Code(name="GL250", title="a tunnel is named but not declared")
LINKS_NOT_ADVERTISED = Code(name="GL251", title="links that nodes cannot find")
TUNNEL_TARGETS_MIXED = Code(name="GL252", title="a target group that a tunnel cannot carry whole")
ATTRIBUTE_INVALID = Code(name="GL256", title="an attribute that a load balancer or listener does not take")
ATTRIBUTE_WITHOUT_EFFECT = Code(
    name="GL257", title="an attribute that has no effect here", severity=Severity.WARNING
)
CLIENT_ADDRESS_INVALID = Code(name="GL258", title="a place where no proxy can tell a client's address")
ACCESS_LOG_INVALID = Code(name="GL259", title="an access log that cannot be written")
TARGET_TYPE_INVALID = Code(name="GL270", title="a target that its group's target_type does not take")
TARGET_BALANCER_INVALID = Code(name="GL271", title="a load balancer that cannot be a target")
TARGET_FILE_INVALID = Code(name="GL276", title="a file of targets that cannot be used")
TARGET_FILE_UNREADABLE = Code(
    name="GL277", title="a file of targets that cannot be read", severity=Severity.WARNING
)
TLS_POLICY_INVALID = Code(name="GL260", title="a security policy that cannot be followed")
TLS_POLICY_TIGHTENED = Code(
    name="GL261", title="a security policy that is kept without its old versions", severity=Severity.WARNING
)
TARGET_GROUP_VERSIONS_MIXED = Code(name="GL266", title="a forward to target groups of several versions")
TARGET_GROUP_VERSION_BEHIND_API = Code(
    name="GL267", title="an integration to a target group that its gateway cannot speak with"
)
DEPLOYMENT_UNSUPPORTED = Code(name="GL274", title="a deployment strategy that services do not have")

# Found by the runtime, when it reads values and files that `check` does not open.
SECRET_UNREADABLE = Code(name="GL280", title="a secret's value cannot be read")
SECRET_INVALID = Code(name="GL281", title="a secret's value cannot be sent in a header")
CERTIFICATE_UNREADABLE = Code(name="GL282", title="a certificate or private key cannot be read")
CERTIFICATE_MISMATCH = Code(name="GL283", title="a private key does not belong to its certificate")
CERTIFICATE_NOT_VALID = Code(name="GL284", title="a certificate is expired or not valid yet")
CERTIFICATE_EXPIRES_SOON = Code(name="GL285", title="a certificate expires soon", severity=Severity.WARNING)
NEEDS_RESTART = Code(
    name="GL286", title="a change takes effect after a restart only", severity=Severity.WARNING
)
NO_TRUST = Code(name="GL287", title="no certificate authorities to verify an https upstream against")
CERTIFICATE_NOT_FOR_DOMAIN = Code(name="GL288", title="a certificate that does not name its domain")
API_KEY_UNREADABLE = Code(name="GL289", title="an API key's value cannot be read")
API_KEY_INVALID = Code(name="GL290", title="a value that no API key can have")
API_KEY_NOT_HELD = Code(
    name="GL291", title="an API key made by a command does not count", severity=Severity.WARNING
)
NO_BOTO3 = Code(name="GL292", title="an integration with an AWS service, and no boto3")
NO_BOTO3_FOR_SECRET = Code(name="GL293", title="a secret of AWS Secrets Manager, and no boto3")
SECRET_NOT_GIVEN = Code(name="GL294", title="a secret that AWS Secrets Manager does not give")
ROTATION_NOT_SEEN = Code(
    name="GL295", title="a rotation that nobody could be seen to accept", severity=Severity.WARNING
)
NO_CLIENT_CERTIFICATE = Code(name="GL297", title="a certificate that cannot be shown as a client's")
AUTHORITY_UNREADABLE = Code(name="GL298", title="a file of certificate authorities that cannot be used")

# The definition: its shape, its resources, values that come from elsewhere.
NOT_AN_OPENAPI_DOCUMENT = Code(name="GL301", title="not an OpenAPI document")
CLOUDFORMATION_TEMPLATE = Code(name="GL302", title="a CloudFormation template where a definition is expected")
DEFINITION_VALUE_WRONG_TYPE = Code(name="GL303", title="a value of the wrong type in a definition")
UNKNOWN_EXTENSION = Code(
    name="GL304", title="an x-amazon-apigateway extension that is not read", severity=Severity.WARNING
)
MISSPELLED_KEY = Code(
    name="GL305", title="a misspelled key, read as what was meant", severity=Severity.WARNING
)
REFERENCE_NOT_FOUND = Code(name="GL306", title="a $ref that leads nowhere")
REFERENCE_REMOTE = Code(name="GL307", title="a $ref to another file or to a URL")
OPERATION_NOT_SERVED = Code(
    name="GL308", title="an operation without an integration is not served", severity=Severity.WARNING
)
HTTP_API_ONLY = Code(name="GL309", title="a feature of HTTP APIs (v2), which are not served")
HTTP_API_EXPORT = Code(
    name="GL310", title="an export of an HTTP API (v2), read as a REST API", severity=Severity.WARNING
)
RESOURCE_PATH_INVALID = Code(name="GL311", title="a resource path that API Gateway does not take")
RESOURCE_PATH_NORMALISED = Code(
    name="GL312", title="a resource path read with its slashes put right", severity=Severity.WARNING
)
RESOURCE_AMBIGUOUS = Code(name="GL313", title="two path variables beside each other")
METHOD_DUPLICATE = Code(name="GL314", title="the same method twice")
VERB_NOT_SERVED = Code(
    name="GL315", title="a verb or key of a path that is not served", severity=Severity.WARNING
)
PARAMETER_INVALID = Code(name="GL316", title="a method parameter that API Gateway does not take")
VALIDATOR_NOT_DEFINED = Code(name="GL317", title="a request validator that is not defined")
GATEWAY_RESPONSE_INVALID = Code(name="GL318", title="a gateway response that API Gateway does not take")
SETTING_INVALID = Code(name="GL319", title="a setting of the API that API Gateway does not take")
VALUE_UNKNOWN = Code(name="GL320", title="a value that the definition takes from elsewhere is not known")
INTRINSIC_INVALID = Code(name="GL321", title="an intrinsic function that cannot be evaluated")
INCLUDE_REFUSED = Code(name="GL322", title="an AWS::Include that cannot be read")
SECRET_NOT_DECLARED = Code(name="GL323", title="a secret is used but not declared")
SECRET_OUT_OF_PLACE = Code(name="GL324", title="a secret out of place")

# Rules of load balancers.
EXPRESSION_INVALID = Code(name="GL253", title="a regular expression that rules do not take")
EXPRESSION_UNANCHORED = Code(
    name="GL254",
    title="a regular expression that does not say whether it means the whole value",
    severity=Severity.WARNING,
)
TRANSFORM_INVALID = Code(name="GL255", title="a transform that cannot be followed")

# Integrations and their mappings.
INTEGRATION_TYPE_INVALID = Code(name="GL330", title="an integration without a type, or of an unknown one")
INTEGRATION_METHOD_INVALID = Code(
    name="GL331", title="an integration without httpMethod, or with an unknown one"
)
ENDPOINT_INVALID = Code(name="GL332", title="an integration uri that is no endpoint")
ENDPOINT_HOST_FROM_REQUEST = Code(name="GL333", title="a request would choose the integration's host")
ENDPOINT_FORBIDDEN = Code(name="GL334", title="an integration to an address that no request may reach")
CONNECTION_INCOMPLETE = Code(name="GL335", title="an integration's connection is incomplete")
TIMEOUT_OUT_OF_RANGE = Code(name="GL336", title="timeoutInMillis is out of range")
INTEGRATION_VALUE_INVALID = Code(name="GL337", title="a value that an integration does not take")
UNKNOWN_DEFINITION_KEY = Code(name="GL338", title="a key that is not read", severity=Severity.WARNING)
INTEGRATION_RESPONSE_INVALID = Code(
    name="GL339", title="an integration response that API Gateway does not take"
)
MAPPING_EXPRESSION_INVALID = Code(name="GL340", title="an invalid mapping expression")
MAPPING_TARGET_INVALID = Code(name="GL341", title="a parameter mapping whose target is invalid")
MAPPED_HEADER_RESERVED = Code(
    name="GL342", title="a header that may not be mapped: its requests fail", severity=Severity.WARNING
)
MAPPING_WITHOUT_EFFECT = Code(name="GL343", title="a mapping without effect", severity=Severity.WARNING)
MAPPING_OF_HTTP_API = Code(name="GL344", title="a parameter mapping in the form of HTTP APIs (v2)")
LITERAL_UNSAFE = Code(name="GL345", title="a literal with line breaks or control characters")
TEMPLATE_NOT_TEXT = Code(name="GL346", title="a mapping template that is not text", severity=Severity.WARNING)
TEMPLATE_INVALID = Code(name="GL347", title="a mapping template that cannot be parsed", allowable=True)
RESPONSE_HEADER_NOT_DECLARED = Code(
    name="GL348",
    title="a response header that the method response does not declare",
    severity=Severity.WARNING,
)
MODEL_INVALID = Code(name="GL350", title="a model that no body can be validated by")
MODEL_NAME_NOT_ALPHANUMERIC = Code(
    name="GL351", title="a model name that API Gateway does not import", severity=Severity.WARNING
)
MODEL_KEYWORD_IGNORED = Code(
    name="GL352", title="a keyword of a model that means nothing", severity=Severity.WARNING
)

# Authorization: an error here is never let pass.
SCHEME_NOT_DEFINED = Code(name="GL501", title="security names a scheme that is not defined")
AUTHORIZER_INVALID = Code(name="GL502", title="an authorizer that API Gateway does not take")
SECURITY_ALTERNATIVES = Code(
    name="GL503",
    title="several authorizers on one method: only the first one is asked",
    severity=Severity.WARNING,
)
SCHEME_NOT_ENFORCED = Code(name="GL504", title="security names a scheme that nothing enforces")
AUTHORIZER_OF_HTTP_API = Code(name="GL505", title="an authorizer of HTTP APIs (v2), which are not served")
PREFLIGHT_BEHIND_AUTHORIZER = Code(
    name="GL506", title="a preflight request must pass an authorizer", severity=Severity.WARNING
)
AUTHORIZATION_OVERRIDE_INVALID = Code(
    name="GL507", title="an x-amazon-apigateway-auth that cannot be followed"
)
AUTHORIZATION_OVERRIDDEN = Code(
    name="GL508", title="x-amazon-apigateway-auth opens what security closes", severity=Severity.WARNING
)
IDENTITY_SOURCE_WITHOUT_VALUE = Code(
    name="GL509", title="an identity source that no request can have", severity=Severity.WARNING
)
AUTHORIZER_UNUSED = Code(name="GL510", title="an authorizer that no method asks", severity=Severity.WARNING)
KEY_WITHOUT_PLAN = Code(
    name="GL515", title="a method asks for an API key that nobody can have", severity=Severity.WARNING
)
ASSERTION_UNSENT = Code(
    name="GL516", title="a stage with assertions that no service is sent", severity=Severity.WARNING
)
ASSERTION_HEADER_USED = Code(name="GL517", title="a definition that uses the header of assertions")
LOGIN_OUT_OF_PLACE = Code(name="GL518", title="a login where no client could log in")
LOGIN_SECRET_INVALID = Code(name="GL519", title="a client_secret that is not a declared secret")
LOGIN_ENDPOINT_INVALID = Code(name="GL520", title="an endpoint of a login that must not be asked")
LOGIN_NOT_FIRST = Code(name="GL521", title="an authentication that is not a rule's one first action")
LOGIN_COOKIE_TAKEN = Code(
    name="GL522", title="two logins that write the same cookies", severity=Severity.WARNING
)

REFUSED_BY_ENVOY = Code(name="GL701", title="an Envoy refused what was compiled from here")
UNANSWERED_BY_ENVOY = Code(name="GL702", title="an Envoy did not answer in time")

INTEGRATION_UNSUPPORTED = Code(
    name="GL401", title="an integration type that is not supported yet", allowable=True
)
STREAMING_UNSUPPORTED = Code(
    name="GL407", title="response streaming of functions is not supported yet", allowable=True
)

AUTHORIZER_UNSUPPORTED = Code(name="GL511", title="an authorization that is not supported yet")
RESOURCE_POLICY_INVALID = Code(name="GL513", title="a resource policy that cannot be judged")

FORBIDDEN_ADDRESS = Code(name="GL601", title="an address that no integration may reach")
STAGE_ENDPOINT_INVALID = Code(
    name="GL602", title="an integration without a usable endpoint in a stage", severity=Severity.WARNING
)
SECRET_WITHOUT_SOURCE = Code(name="GL603", title="a secret that a mapping names has no value")
SECRET_IN_HOST = Code(name="GL604", title="a secret in the Host header")
BALANCER_WITHOUT_LISTENER = Code(name="GL605", title="a load balancer without a listener for an integration")
RULE_SECRET_IN_PLAIN_TEXT = Code(
    name="GL606", title="a rule that compares a secret with plain text", severity=Severity.WARNING
)
RULE_JUDGES_THE_GATEWAY = Code(
    name="GL607", title="a rule on the source address behind an integration", severity=Severity.WARNING
)
SECRET_IN_PUBLIC_RULE = Code(name="GL608", title="a secret in a rule of a load balancer of the internet")
RULE_ON_FORWARDED_FOR = Code(name="GL609", title="a rule on X-Forwarded-For behind an integration")
SECRET_FOR_AWS = Code(name="GL610", title="a secret in a request to an AWS service")
NO_BOTO3_FOR_TARGETS = Code(name="GL611", title="targets that AWS is asked for, and no boto3")
