"""Messages from the binary's own descriptors (docs/decisions/0003-protobuf-messages.md)."""

from __future__ import annotations

import gzip
import importlib.util
import json
import subprocess
import sys
from importlib import resources
from pathlib import Path
from types import ModuleType

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from gateline.compile import wire

TOOL = Path(__file__).parents[2] / "tools" / "envoy_api.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("envoy_api", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stored() -> bytes:
    """The descriptors in the source tree."""
    return resources.files("gateline.compile").joinpath("envoy_api", wire.DESCRIPTOR_FILE).read_bytes()


@pytest.mark.envoy
def test_what_is_stored_is_what_the_installed_envoy_was_built_with(tool: ModuleType) -> None:
    extracted = gzip.decompress(tool.extract())
    assert gzip.decompress(stored()) == extracted, "run `make envoy-api` after a change of the pinned Envoy"


def test_every_file_comes_after_those_that_it_imports() -> None:
    files = descriptor_pb2.FileDescriptorSet.FromString(gzip.decompress(stored()))
    seen: set[str] = set()
    for file in files.file:
        assert seen.issuperset(file.dependency), file.name
        seen.add(file.name)


def test_it_knows_what_the_newest_bindings_on_the_package_index_lack() -> None:
    """Fields and messages that xds-protos 1.85.0 does not have (envoy-facts.md section 0)."""
    lua = wire.message_class("envoy.extensions.filters.http.lua.v3.Lua").DESCRIPTOR
    assert {"filter_context", "shared_vm_id"} <= set(lua.fields_by_name)
    assert wire.message_class("envoy.extensions.formatter.generic_secret.v3.GenericSecret")


def test_messages_live_in_a_pool_of_their_own() -> None:
    message = wire.new("envoy.config.route.v3.Route", name="r")
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("envoy.config.route.v3.Route")
    assert message.DESCRIPTOR.file.pool is wire.pool()


def test_compiling_never_imports_a_package_called_envoy() -> None:
    """Two distributions own that name; which of them wins must not matter."""
    program = (
        "import gateline.compile, json, sys; print(json.dumps(sorted(m.split('.')[0] for m in sys.modules)))"
    )
    path = str(Path(__file__).parents[2] / "src")
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": path}
    )
    assert not {"envoy", "udpa", "xds", "validate"} & set(json.loads(printed.stdout))


def test_a_field_that_envoy_does_not_have_is_an_error_and_so_is_a_value_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="no_such_field"):
        wire.new("envoy.config.route.v3.Route", no_such_field=1)
    with pytest.raises((ValueError, TypeError)):
        wire.new("envoy.config.route.v3.Route", name=7)
