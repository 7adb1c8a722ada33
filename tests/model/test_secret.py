"""Secrets cannot be shown by accident."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass

import pytest

from gateline.model.gateway import Keyring
from gateline.model.secret import Certificate, Secret

VALUE = "the-value"
SECRET = Secret("name", VALUE.encode())


@dataclass(frozen=True)
class Holder:
    """What a log line or an error might print."""

    secret: Secret


@pytest.mark.parametrize(
    "text",
    [
        repr(SECRET),
        str(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>80}",
        f"{[SECRET]} { ({'s': SECRET}) }",
        repr(Holder(SECRET)),
        repr(Keyring(secrets=(SECRET,))),
        repr(Certificate(name="edge", chain=b"pem", private_key=SECRET)),
    ],
)
def test_no_text_of_a_secret_shows_its_value(text: str) -> None:
    assert VALUE not in text
    assert "name" in text


def test_it_is_revealed_where_it_is_asked_for() -> None:
    assert SECRET.reveal() == VALUE.encode()
    assert SECRET.name == "name"


def test_a_secret_has_no_dictionary_that_could_be_printed() -> None:
    with pytest.raises(TypeError):
        vars(SECRET)


def test_secrets_are_compared_by_name_and_value() -> None:
    assert Secret("name", VALUE.encode()) == SECRET
    assert Secret("name", b"other") != SECRET
    assert Secret("other", VALUE.encode()) != SECRET
    assert SECRET != VALUE
    assert len({SECRET, Secret("name", VALUE.encode())}) == 1


def test_a_copy_is_as_silent() -> None:
    assert VALUE not in repr(copy.deepcopy(SECRET))
    assert pickle.loads(pickle.dumps(SECRET)) == SECRET  # noqa: S301 - our own bytes
