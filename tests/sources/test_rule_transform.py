from __future__ import annotations

import pytest

from gateline.model.transform import Rewrite, Transforms

from .balancers import Json, condition, errors_of, http, listening, rule, rules_of
from .conftest import LoadProject

AT = "/load_balancers/b/listeners/0/rules/0"


def transform(of_type: str, regex: str, replace: str) -> Json:
    config = of_type.replace("-", "_") + "_config"
    return {"type": of_type, config: {"rewrites": [{"regex": regex, "replace": replace}]}}


def transforming(*transforms: Json, **fields: object) -> Json:
    """A rule with these transforms."""
    actions = [{"type": "forward", "target_group": "orders"}]
    return {
        **rule(condition("path-pattern", "/a")),
        "actions": actions,
        "transforms": list(transforms),
        **fields,
    }


def test_transforms_are_read_one_of_each_type(load_project: LoadProject) -> None:
    written = transforming(
        transform("url-rewrite", "^/a", "/b"), transform("host-header-rewrite", "^(.*)$", "x.$1:8")
    )
    rules = rules_of(load_project, listening(http(written)))
    assert rules[0].transforms == Transforms(host=Rewrite("^(.*)$", "x.$1:8"), url=Rewrite("^/a", "/b"))
    assert not rules[1].transforms


@pytest.mark.parametrize(
    ("transforms", "place", "said"),
    [
        (
            [transform("url-rewrite", "(?=a)", "/")],
            "GL253 {}/url_rewrite_config/rewrites/0/regex",
            "look-ahead is not",
        ),
        (
            [transform("url-rewrite", "a", "$1")],
            "GL253 {}/url_rewrite_config/rewrites/0/regex",
            "the group $1",
        ),
        (
            [transform("url-rewrite", "a", "a b")],
            "GL255 {}/url_rewrite_config/rewrites/0/replace",
            "visible characters",
        ),
        (
            [transform("host-header-rewrite", "a", "a/b")],
            "GL255 {}/host_header_rewrite_config/rewrites/0/replace",
            "letters, digits",
        ),
    ],
)
def test_what_no_request_can_become_is_refused(
    load_project: LoadProject, transforms: list[Json], place: str, said: str
) -> None:
    (error,) = errors_of(load_project, listening(http(transforming(*transforms))))
    assert error.startswith(place.format(f"{AT}/transforms/0"))
    assert said in error


def test_a_rule_takes_one_of_each_type(load_project: LoadProject) -> None:
    twice = transforming(transform("url-rewrite", "a", "b"), transform("url-rewrite", "b", "c"))
    (error,) = errors_of(load_project, listening(http(twice)))
    assert error == f"GL255 {AT}/transforms/1: a rule takes one url-rewrite"


def test_only_what_is_forwarded_is_rewritten(load_project: LoadProject) -> None:
    answers = [{"type": "fixed-response", "status_code": "200"}]
    written = transforming(transform("url-rewrite", "a", "b"), actions=answers)
    (error,) = errors_of(load_project, listening(http(written)))
    assert error.startswith(f"GL255 {AT}/transforms: transforms change what is forwarded")
