"""Recipients: every spelling of an address is one person's, and no spelling is another's."""

import sys

import pytest

from codesvc.domain.errors import Invalid
from codesvc.domain.recipient import email


@pytest.mark.parametrize(
    "domain", ["fa\u00df", "FA\u1e9e", "\u03b2\u03cc\u03bb\u03bf\u03c2", "a\u200cb", "a\u200db", "x.fa\u00df"]
)
def test_a_domain_that_two_standards_read_differently_is_refused(domain):
    """RFC 3490 makes fass of it, which is another person's domain; RFC 5891 keeps it."""
    with pytest.raises(Invalid, match="ASCII form"):
        email(f"alice@{domain}.example")
    whom = email("alice@xn--fa-hia.example")
    assert whom.text == "alice@xn--fa-hia.example"
    assert whom.identity != email("alice@fass.example").identity


def test_a_long_domain_is_refused_before_it_is_encoded():
    """48 kB of letters that stand for several took the event loop 0.8 s."""
    called, others = set(), sys.getprofile()
    sys.setprofile(lambda frame, *_: called.add(frame.f_globals.get("__name__")))
    try:
        with pytest.raises(Invalid):
            email("a@" + "\ufdfa." * 12_000)
    finally:
        sys.setprofile(others)
    assert "encodings.idna" not in called


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        ("Alice@Example.COM", "alice@example.com"),
        ("alice@m\u00fcnchen.example", "alice@xn--mnchen-3ya.example"),
        ("alice@mu\u0308nchen.example", "alice@xn--mnchen-3ya.example"),
        ("alice@\u4f8b\u3048.example", "alice@xn--r8jz45g.example"),
        ("alice@\uff45xample.com", "alice@example.com"),
    ],
)
def test_every_other_spelling_of_a_domain_is_one(spelt, meant):
    assert email(spelt).identity == meant
