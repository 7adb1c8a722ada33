from gateline.model.origin import Origin
from gateline.sources.key import unmisspelled
from sources.definitions import Json, codes_of, definition

ROOT = Origin("api.json")
KNOWN = frozenset({"responses", "uri"})


def test_right_keys_are_passed_on_as_they_are() -> None:
    made, complaints = definition()
    fields: Json = {"uri": "x"}
    assert unmisspelled(made, fields, ROOT, KNOWN) is fields
    assert codes_of(complaints) == []


def test_a_right_key_wins_over_a_misspelled_one() -> None:
    made, complaints = definition()
    assert unmisspelled(made, {"URI": "b", "uri": "a"}, ROOT, KNOWN) == {"uri": "a"}
    assert codes_of(complaints) == ["GL338"]


def test_letter_case_and_aliases_are_put_right() -> None:
    made, complaints = definition()
    fields: Json = {"Uri": "a", "answers": 1}
    assert unmisspelled(made, fields, ROOT, KNOWN, {"answers": "responses"}) == {"uri": "a", "responses": 1}
    assert codes_of(complaints) == ["GL305", "GL305"]


def test_an_unknown_key_is_left_out_with_the_near_one_suggested() -> None:
    made, complaints = definition()
    assert unmisspelled(made, {"respones": 1}, ROOT, KNOWN) == {}
    (diagnostic,) = complaints.report().diagnostics
    assert (diagnostic.code.name, diagnostic.help) == ("GL338", "did you mean 'responses'?")
    assert diagnostic.origin == ROOT.child("respones")
