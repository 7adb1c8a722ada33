import pytest

from gateline.model.diagnostic import Complaints, Severity
from gateline.model.origin import Origin
from gateline.sources.placeholder import Missed, Need, Placeholders, substituted

HERE = Origin("api.json", ("paths", "/x", "uri"))


def placeholders(secrets: tuple[str, ...] = (), **values: str) -> Placeholders:
    return Placeholders(values, secrets)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://${region}.x", "http://eu.x"),
        ("${region}${region}", "eueu"),
        ("${stageVariables.region}", "${stageVariables.region}"),
        ("$${region}", "${region}"),
        ("$${stageVariables.x}", "${stageVariables.x}"),
        ("${path\\}", "${path\\}"),
        ("${unknown}", "${unknown}"),
        ("${Key}", "${Key}"),
        ("${region", "${region"),
        ("$region", "$region"),
    ],
)
def test_known_names_are_filled_in_and_the_rest_stays(text: str, expected: str) -> None:
    assert placeholders(("Key",), region="eu", Key="never").filled(text) == expected


def test_text_that_stays_as_it_is_stays_the_same_object() -> None:
    text = "${stageVariables.url}/x"
    assert placeholders().filled(text) is text


def test_filled_in_values_are_not_read_again() -> None:
    assert placeholders(a="${b}", b="x").filled("${a}") == "${b}"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("${lower_case}", ["lower_case"]),
        ("${module.a-b.uri} ${x}", ["module.a-b.uri", "x"]),
        ("${AWS::Unknown}", ["AWS::Unknown"]),
        ("${stageVariables.x}", []),
        ("${Key}", []),
        ("${path\\}", []),
        ("${1}", []),
        ("{param}", []),
        ("${two words}", []),
    ],
)
def test_what_looks_like_a_name_is_told_from_what_does_not(text: str, names: list[str]) -> None:
    assert placeholders(("Key",)).names_in(text) == names


def test_secrets_in_a_text_are_found() -> None:
    assert placeholders(("Key",)).secrets_in("Bearer ${Key}, ${other}") == ("Key",)
    assert placeholders().secrets_in("${Key}") == ()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("a ${Name} b", "a <Name> b"),
        ("${Res.Attr}${AWS::Region}", "<Res.Attr><AWS::Region>"),
        ("${!Literal}", "${Literal}"),
        ("${stageVariables.x}", "${stageVariables.x}"),
        ("$input.json('$.a') ${}", "$input.json('$.a') ${}"),
    ],
)
def test_a_sub_replaces_names_and_keeps_literals(template: str, expected: str) -> None:
    assert substituted(template, lambda name: f"<{name}>") == expected


def report(made: Placeholders, *, lenient: bool = False) -> list[tuple[str, Severity, str, str]]:
    complaints = Complaints()
    made.report(complaints, lenient=lenient)
    return [(d.code.name, d.severity, d.message, d.help) for d in complaints.report().diagnostics]


def test_an_unknown_name_is_one_error_that_says_what_to_add() -> None:
    made = placeholders()
    for number in range(3):
        made.note("region", HERE.child(number), Need.SUBSTITUTION)
    ((code, severity, message, help_text),) = report(made)
    assert (code, severity) == ("GL320", Severity.ERROR)
    assert message == "the value of 'region' is not known (and in 2 more places)"
    assert "substitutions: {region: ...}" in help_text


def test_the_same_place_is_counted_once() -> None:
    made = placeholders()
    made.note("x", HERE.child("Fn::Sub"), Need.SUBSTITUTION)
    made.note("x", HERE, Need.SUBSTITUTION)
    assert report(made)[0][2] == "the value of 'x' is not known"


def test_lenient_reports_are_warnings() -> None:
    made = placeholders()
    made.note("x", HERE, Need.SUBSTITUTION)
    assert report(made, lenient=True)[0][1] is Severity.WARNING


def test_a_name_that_nothing_served_depends_on_is_a_warning() -> None:
    made = placeholders()
    made.note("x", HERE, Need.SUBSTITUTION, missed=Missed.IDLE)
    ((_, severity, message, _),) = report(made)
    assert severity is Severity.WARNING
    assert "nothing that is served depends on it" in message


def test_a_name_that_is_also_needed_is_told_once_as_an_error() -> None:
    made = placeholders()
    made.note("x", HERE, Need.SUBSTITUTION, missed=Missed.IDLE)
    made.note("x", HERE.child("b"), Need.SUBSTITUTION)
    assert [(code, severity) for code, severity, _, _ in report(made)] == [("GL320", Severity.ERROR)]


def test_a_header_asks_for_a_secret() -> None:
    made = placeholders()
    made.note("Key", HERE, Need.SECRET)
    ((code, _, message, help_text),) = report(made)
    assert (code, message) == ("GL323", "'Key' is not declared as a secret")
    assert "secrets: {Key: {env: Key}}" in help_text


def test_a_name_that_is_used_elsewhere_too_is_no_secret() -> None:
    made = placeholders()
    made.note("region", HERE, Need.SECRET)
    made.note("region", HERE.child("uri"), Need.SUBSTITUTION)
    assert report(made)[0][0] == "GL320"


def test_a_condition_wants_true_or_false() -> None:
    made = placeholders()
    made.note("IsProd", HERE, Need.CONDITION)
    ((_, _, message, help_text),) = report(made)
    assert message == "the condition 'IsProd' is not known"
    assert '"true" or "false"' in help_text


def test_a_near_name_is_suggested() -> None:
    made = placeholders(VpcLinkId="x")
    made.note("VpcLinkld", HERE, Need.SUBSTITUTION)
    made.note("stageVariable.url", HERE, Need.SUBSTITUTION)
    helps = [help_text for _, _, _, help_text in report(made)]
    assert "did you mean 'VpcLinkId'?" in helps[0]
    assert "did you mean 'stageVariables.url'?" in helps[1]


def test_odd_names_are_quoted_as_yaml_keys() -> None:
    made = placeholders()
    made.note("AWS::Unknown", HERE, Need.SUBSTITUTION)
    assert 'substitutions: {"AWS::Unknown": ...}' in report(made)[0][3]
