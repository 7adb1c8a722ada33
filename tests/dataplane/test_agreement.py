"""The script's trie and a plain reference router agree on any API and any path."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from compile.gateways import routes
from dataplane.reference_router import route
from dataplane.simulated_envoy import SimulatedEnvoy
from gateline.model.gateway import PathMode

VERBS = st.sampled_from(["GET", "POST", "OPTIONS", "ANY"])
STATIC = st.sampled_from(["a", "b", "ab", "a.b", "new"])
SEGMENT = st.one_of(STATIC, st.sampled_from(["", "c", "A", "x-y", "7", "{p}", "~", "a%2Fb", "ANY", "GET"]))


@st.composite
def templates(draw: st.DrawFn) -> str:
    """A path template; parameters of one depth share a name, as API Gateway demands of siblings."""
    depth = draw(st.integers(0, 4))
    parts = [draw(st.one_of(STATIC, st.just(f"{{p{index}}}"))) for index in range(depth)]
    if depth and draw(st.booleans()) and parts[-1].startswith("{"):
        parts[-1] = f"{{p{depth - 1}+}}"
    return "/" + "/".join(parts)


def legal(methods: list[str]) -> list[str]:
    """The methods of which none is a second variable beside another one."""
    variables: dict[str, str] = {}
    kept = []
    for method in methods:
        parts = method.split(" ", 1)[1].split("/")
        parents = ["/".join(parts[:index]) for index in range(len(parts))]
        pairs = [(parent, part) for parent, part in zip(parents, parts, strict=True) if part.startswith("{")]
        if all(variables.get(parent, part) == part for parent, part in pairs):
            variables.update(pairs)
            kept.append(method)
    return kept


APIS = st.lists(st.builds("{} {}".format, VERBS, templates()), min_size=1, max_size=12, unique=True)
PATHS = st.lists(
    st.builds(
        lambda parts, end: "/" + "/".join(parts) + end,
        st.lists(SEGMENT, max_size=6),
        st.sampled_from(["", "/"]),
    ),
    min_size=1,
    max_size=12,
)


def normal(path: str) -> str:
    """The path behind the stage: slashes right after the stage do not count."""
    return "/" + path.lstrip("/")


@settings(max_examples=150, deadline=None)
@given(methods=APIS, paths=PATHS, verb=st.sampled_from(["GET", "POST", "OPTIONS", "PATCH"]))
def test_the_script_chooses_what_the_reference_chooses(
    methods: list[str], paths: list[str], verb: str
) -> None:
    methods = legal(methods)
    envoy = SimulatedEnvoy(routes(*methods, paths_mode=PathMode.AWS))
    for path in paths:
        chosen = route(methods, verb, normal(path))
        outcome = envoy.request(verb, f"/dev{path}")
        assert outcome.verdict == (f"orders/dev {chosen}" if chosen else "403 no_method"), path


@settings(max_examples=100, deadline=None)
@given(methods=APIS, paths=PATHS)
def test_strict_mode_refuses_or_chooses_the_same_and_never_another(
    methods: list[str], paths: list[str]
) -> None:
    methods = legal(methods)
    strict = SimulatedEnvoy(routes(*methods))
    lenient = SimulatedEnvoy(routes(*methods, paths_mode=PathMode.AWS))
    for path in paths:
        judged = strict.request("GET", f"/dev{path}").verdict
        assert judged in ("400 path_ambiguous", lenient.request("GET", f"/dev{path}").verdict), path
