from __future__ import annotations

from pathlib import Path

from gateline.functions.environment import function_environment
from gateline.model.function import Function, FunctionKind
from gateline.model.origin import Origin

ORIGIN = Origin("gateline.yaml", ("functions", "authorizer"))


def a_function(**changed: object) -> Function:
    given: dict[str, object] = {
        "name": "authorizer:live",
        "kind": FunctionKind.PYTHON,
        "handler": "authorizer.handler",
        "runtime": "python3.12",
        "memory_size": 256,
        "origin": ORIGIN,
    }
    return Function(**(given | changed))  # type: ignore[arg-type] # the fields' types differ


def test_nothing_of_the_gateways_environment_comes_along() -> None:
    ours = {"AWS_SECRET_ACCESS_KEY": "x", "API_SECRET": "y", "PYTHONPATH": "/z", "PATH": "/bin", "HOME": "/h"}
    found = function_environment(a_function(), ours, code_root=Path("/code"))
    assert found["PATH"] == "/bin"
    assert found["HOME"] == "/h"
    assert not {"AWS_SECRET_ACCESS_KEY", "API_SECRET", "PYTHONPATH"} & found.keys()


def test_lambda_s_names_are_set() -> None:
    found = function_environment(a_function(region="eu-west-1"), {}, code_root=Path("/code"))
    assert found == {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "AWS_LAMBDA_FUNCTION_NAME": "authorizer",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/authorizer",
        "AWS_LAMBDA_LOG_STREAM_NAME": "gateline/[$LATEST]",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "LAMBDA_TASK_ROOT": "/code",
        "LAMBDA_RUNTIME_DIR": "/code",
        "_HANDLER": "authorizer.handler",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
    }


def test_what_is_declared_comes_last() -> None:
    declared = (("AWS_REGION", "mars"), ("ISSUER", "https://id.example.com"), ("TZ", "Europe/Paris"))
    found = function_environment(a_function(environment=declared), {"TZ": "Asia/Tokyo"}, code_root=Path("/c"))
    assert (found["AWS_REGION"], found["ISSUER"], found["TZ"]) == (
        "mars",
        "https://id.example.com",
        "Europe/Paris",
    )


def test_programs_and_libraries_of_layers_are_found_the_latest_first(tmp_path: Path) -> None:
    layers = (tmp_path / "one", tmp_path / "two", tmp_path / "three")
    for place in ("one/bin", "two/bin", "two/lib", "three/python"):
        (tmp_path / place).mkdir(parents=True)
    found = function_environment(a_function(), {"PATH": "/bin"}, code_root=tmp_path, layers=layers)
    assert found["PATH"] == f"/bin:{tmp_path}/two/bin:{tmp_path}/one/bin"
    assert found["LD_LIBRARY_PATH"] == f"{tmp_path}/two/lib"
