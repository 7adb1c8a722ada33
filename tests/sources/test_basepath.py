from typing import Any, Literal

import pytest

from sources.definitions import Json, openapi, operation, read, swagger

PATHS = {"/test": {"get": operation()}}
VARIABLE = [{"url": "https://h/{basePath}", "variables": {"basePath": {"default": "base-var"}}}]
AFTER_A_COLON = [
    {"url": "https://h.amazonaws.com:{basePath}", "variables": {"basePath": {"default": "/base-var"}}}
]
DEFAULT = {"variables": {"basePath": {"default": "base-var"}}}
IN_FRONT = [{"url": "https://h/{basePath}/part", **DEFAULT}]
BEHIND = [{"url": "https://h/part/{basePath}", **DEFAULT}]
TWICE = [{"url": "https://h/base-url/part/", **DEFAULT}, {"url": "https://i/{basePath}", **DEFAULT}]
URL = [{"url": "https://h/base-url/part/"}]

Mode = Literal["ignore", "prepend", "split"]


@pytest.mark.parametrize(
    ("document", "ignored", "prepended", "split"),
    [
        (swagger(PATHS, basePath="/base"), "/test", "/base/test", "/test"),
        (swagger(PATHS, basePath="/a/b"), "/test", "/a/b/test", "/b/test"),
        (swagger(PATHS, basePath="/"), "/test", "/test", "/test"),
        (swagger(PATHS, basePath="base"), "/test", "/base/test", "/test"),
        (swagger(PATHS), "/test", "/test", "/test"),
        (openapi(PATHS, servers=VARIABLE), "/test", "/base-var/test", "/test"),
        (openapi(PATHS, servers=AFTER_A_COLON), "/test", "/base-var/test", "/test"),
        (openapi(PATHS, servers=IN_FRONT), "/test", "/base-var/test", "/test"),
        (openapi(PATHS, servers=BEHIND), "/test", "/base-var/test", "/test"),
        (openapi(PATHS, servers=TWICE), "/test", "/base-var/test", "/test"),
        (openapi(PATHS, servers=URL), "/test", "/base-url/part/test", "/part/test"),
        (openapi(PATHS, servers=[{"url": "/v1"}]), "/test", "/v1/test", "/test"),
        (openapi(PATHS, servers=[*URL, *VARIABLE]), "/test", "/base-var/test", "/test"),
        (
            openapi(PATHS, servers=[{"url": "https://h/{s}/", "variables": {"s": {"default": "p"}}}]),
            "/test",
            "/p/test",
            "/test",
        ),
        (openapi(PATHS, servers=[]), "/test", "/test", "/test"),
        (openapi(PATHS), "/test", "/test", "/test"),
    ],
)
def test_each_mode_makes_of_the_base_path_what_an_import_does(
    document: Json, ignored: str, prepended: str, split: str
) -> None:
    modes: tuple[Mode, Mode, Mode] = ("ignore", "prepend", "split")
    for mode, expected in zip(modes, (ignored, prepended, split), strict=True):
        result = read(document, basepath=mode)
        assert (result.method.path.text, result.codes) == (expected, [])


def test_of_several_base_path_variables_the_first_one_is_used() -> None:
    servers = [
        {"url": "/{basePath}", "variables": {"basePath": {"default": name}}} for name in ("one", "two")
    ]
    assert read(openapi(PATHS, servers=servers), basepath="prepend").method.path.text == "/one/test"


def test_a_placeholder_in_an_ignored_base_path_is_nobodys_business() -> None:
    assert read(swagger(PATHS, basePath="/${environment}")).codes == []
    assert read(swagger(PATHS, basePath={"Ref": "Env"})).errors == []


def test_a_placeholder_in_a_base_path_that_counts_is_told() -> None:
    result = read(swagger(PATHS, basePath="/${environment}"), basepath="prepend")
    assert result.errors == ["GL320"]
    known = {"environment": "prod"}
    filled = read(swagger(PATHS, basePath="/${environment}"), basepath="prepend", substitutions=known)
    assert filled.method.path.text == "/prod/test"


@pytest.mark.parametrize("base", ["/a b", "/../x", "/%2e", "/{x"])
def test_a_base_path_that_makes_no_path_is_refused(base: str) -> None:
    assert read(swagger(PATHS, basePath=base), basepath="prepend").errors == ["GL311"]


@pytest.mark.parametrize(
    "document",
    [
        swagger(PATHS, basePath=["x"]),
        openapi(PATHS, servers="x"),
        openapi(PATHS, servers=[{"url": ["x"]}]),
    ],
)
def test_a_base_path_of_the_wrong_type_is_told(document: Any) -> None:
    assert read(document, basepath="prepend").errors == ["GL303"]
