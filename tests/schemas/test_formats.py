import pytest

from gateline.schemas.formats import FORMATS

DATES = "[yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,12}Z]"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("date-time", "2020-02-29T23:59:59Z"),
        ("date-time", "2020-01-01T00:00:00.123456789012+05:00"),
        ("date-time", "2020-01-01T00:00:00-0500"),
        ("email", "a.b+c@example.com"),
        ("email", "a@localhost"),
        ("hostname", "example.com"),
        ("hostname", "a-b.example.com."),
        ("ipv4", "10.0.0.1"),
        ("ipv6", "::1"),
        ("regex", "^a[b]$"),
        ("uri", "https://example.com/a?b=c#d"),
        ("uri", "urn:isbn:1"),
        ("uri", "relative/path"),
        ("uri", "http://[::1]:80/"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000"),
        ("mac", "00:1b:44:11:3a:b7"),
        ("json-pointer", "/a~1b/0"),
        ("json-pointer", ""),
        ("base64", "YWI="),
        ("md5", "0" * 32),
        ("sha1", "a" * 40),
        ("sha256", "F" * 64),
        ("sha512", "0" * 128),
    ],
)
def test_a_text_has_the_format(name: str, text: str) -> None:
    assert FORMATS[name](text) is None


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "date-time",
            "2020-02-30T00:00:00Z",
            f'string "2020-02-30T00:00:00Z" is invalid against requested date format(s) {DATES}',
        ),
        (
            "date-time",
            "2020-01-01",
            f'string "2020-01-01" is invalid against requested date format(s) {DATES}',
        ),
        ("email", "x", 'string "x" is not a valid email address'),
        ("email", "a..b@c", 'string "a..b@c" is not a valid email address'),
        ("email", ".a@c", 'string ".a@c" is not a valid email address'),
        ("hostname", "-a", 'string "-a" is not a valid hostname'),
        ("hostname", "a.1", 'string "a.1" is not a valid hostname'),
        ("hostname", "a" * 64, f'string "{"a" * 64}" is not a valid hostname'),
        ("hostname", "", 'string "" is not a valid hostname'),
        ("ipv4", "256.0.0.1", 'string "256.0.0.1" is not a valid IPv4 address'),
        ("ipv6", "::g", 'string "::g" is not a valid IPv6 address'),
        ("ipv6", "fe80::1%eth0", 'string "fe80::1%eth0" is not a valid IPv6 address'),
        ("regex", "(", 'string "(" is not a valid ECMA 262 regular expression'),
        ("uri", "a b", 'string "a b" is not a valid URI'),
        ("uri", "1a:b", 'string "1a:b" is not a valid URI'),
        ("uri", "%zz", 'string "%zz" is not a valid URI'),
        ("uuid", "1-1-1-1-1", 'input string "1-1-1-1-1" is not a valid UUID'),
        ("mac", "00:1b", 'input string "00:1b" is not a valid MAC address'),
        ("json-pointer", "a", 'input string "a" is not a valid JSON Pointer'),
        ("base64", "YWI", "input has illegal length (must be a multiple of 4, found 3)"),
        ("base64", "Y=I=", 'illegal character "=" at index 1 (not in Base64 alphabet)'),
        ("md5", "0", "input string has incorrect length (1, expected 32)"),
        ("md5", "g" * 32, 'illegal character "g" in input at index 0'),
    ],
)
def test_a_text_without_the_format_is_told_in_amazons_words(name: str, text: str, message: str) -> None:
    assert FORMATS[name](text) == message
