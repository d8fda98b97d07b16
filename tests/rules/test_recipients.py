"""Recipients: every spelling of an address is one person's, and no spelling is another's."""

import random
import sys
from itertools import chain

import idna
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


def as_of_uts_46(domain):
    """The domain as browsers and today's mail servers read it; None if they refuse it."""
    try:
        labels = idna.uts46_remap(domain, std3_rules=False, transitional=False).split(".")
    except idna.IDNAError:
        return None
    return ".".join(each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in labels)


def taken(domain):
    """The domain of an address that is taken, None if it is refused."""
    try:
        return email(f"alice@{domain}").text.partition("@")[2]
    except Invalid:
        return None


@pytest.mark.parametrize("domain", ["\U0002f868", "\U0002f9bf", "\u1c90", "\ua7cb", "\u3164", "\u2024", "\u13a0"])
def test_a_domain_that_versions_of_unicode_read_differently_is_refused(domain):
    """U+2F868 was U+2136A until Corrigendum 4, and is U+36FC: the id was that of another domain's mailbox."""
    with pytest.raises(Invalid, match="ASCII form"):
        email(f"alice@a{domain}b.example")


def test_whatever_is_taken_is_the_domain_that_uts_46_reads():
    both = 0
    # No character is assigned between, or the planes are for private use: a sample of them is enough.
    for point in chain(range(0x80, 0x32400), range(0x32400, 0x110000, 101), range(0xE0000, 0xE0200)):
        for domain in (f"a{chr(point)}b.example", f"{chr(point)}.example"):
            found = taken(domain)
            assert found in {None, as_of_uts_46(domain)}, hex(point)
            both += found is not None
    assert both > 150_000
    dice = random.Random(9)  # noqa: S311  the same domains each time
    points = [*range(0x80, 0x600), *range(0x1100, 0x1200), *range(0x0900, 0x0A00), *range(0x3000, 0x3200)]
    for _ in range(20_000):
        domain = f"a{''.join(map(chr, dice.choices(points, k=4)))}b.example"
        assert taken(domain) in {None, as_of_uts_46(domain)}, ascii(domain)


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
