"""Tokens: page tokens, signed links, tickets, proofs, handles, states, cookies of operators, links of their pages.

Nobody who lacks the key can make one, so a reader says nothing, or what this service signed.
"""

from __future__ import annotations

from msgspec.structs import replace

from codesvc.config.settings import Operator
from codesvc.domain.codes import VerificationId, matches
from codesvc.domain.intent import IntentId
from codesvc.domain.keyring import Keyring
from codesvc.domain.oauth_state import OAuthStates, ReturnPage
from codesvc.domain.openid_handle import Claim, Handles
from codesvc.domain.page_token import PageSubject, PageTokens
from codesvc.domain.passwords import NOBODY
from codesvc.domain.proof import Proofs
from codesvc.domain.signed_links import Links, Subject, Use
from codesvc.domain.ticket import TicketSecrets, is_ticket
from codesvc.domain.typed_text import normalise
from codesvc.domain.verification import Basis, Status
from codesvc.web.admin.links import person_of, person_route
from codesvc.web.admin.sessions import Session, Sessions
from tests.fuzz.target import Target
from tests.rules.records import a_record

BEFORE, CURRENT = b"the one of before, only for fuzzing, 98765", b"a master key that is only for fuzzing, 01234"
KEYRING = Keyring(CURRENT, [BEFORE])
URL, SITE, PERSON = "https://code.example", "shop", "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
APPID = "wx" + "1" * 16
PAGES, LINKS, HANDLES = PageTokens(KEYRING), Links(URL, KEYRING), Handles(KEYRING)
STATES, PROOFS, TICKETS = OAuthStates(KEYRING), Proofs(URL, KEYRING), TicketSecrets(KEYRING)
SESSIONS = Sessions(None, KEYRING, {"ann": Operator(password=NOBODY)}, 10**10)
PAGE, LINK, CLAIM, RETURN = (
    PageSubject(SITE, "vf_x"),
    Subject("main", "bi_x", "more"),
    Claim("lg_x", PERSON, 10**15),
    ReturnPage("ask", SITE, "bi_x"),
)
APPROVED = replace(
    a_record(site=SITE, user="alice", purpose="reset"), status=Status.APPROVED, approved=1, basis=Basis.BOUND
)


def _session(signer):
    def read(text):
        found = SESSIONS._read_with(signer, text, 10**10)
        return None if found is None else found.name

    return read


def _claims(text):
    found = PROOFS.read(text, audience=SITE)
    return None if found is None else found.verification


READERS = {
    "page token": (PAGES.read, PAGE, lambda: PAGES.sign(PAGE)),
    **{
        f"link {use}": (lambda text, use=use: LINKS.read(use, text), LINK, lambda use=use: LINKS.sign(use, LINK))
        for use in Use
    },
    "handle": (lambda text: HANDLES.open(SITE, APPID, text), CLAIM, lambda: HANDLES.seal(SITE, APPID, CLAIM)),
    "openid handle": (lambda text: HANDLES.openid(SITE, text), PERSON, lambda: HANDLES.name(SITE, PERSON)),
    "state": (lambda text: STATES.errand(text, "b", "main"), RETURN, lambda: STATES.state(RETURN, "b", "main")),
    "form": (lambda text: STATES.is_form(text, "b", "x") or None, True, lambda: STATES.form("b", "x")),
    "proof": (_claims, APPROVED.id, lambda: PROOFS.mint(APPROVED)),
    "digits": (
        lambda text: TICKETS.is_digits(text, "tk_x", "b") or None,
        True,
        lambda: TICKETS.digits("tk_x", "b"),
    ),
    "session": (_session(SESSIONS._signers[False]), "", lambda: SESSIONS.visitor(near=False)[1]),
    "known browser": (_session(SESSIONS._known), "ann", lambda: SESSIONS.make_known("ann", "")),
    "operator's form": (
        lambda text: SESSIONS.is_form(Session("ann", "x"), text) or None,
        True,
        lambda: SESSIONS.form_token(Session("ann", "x")),
    ),
    "person": (
        lambda text: person_of(KEYRING, text),
        (SITE, "alice"),
        lambda: person_route(KEYRING, SITE, "alice").rpartition("/")[2],
    ),
}
"""Readers by token: what reads it, what the genuine one says, and what makes a genuine one."""
NAMES = sorted(READERS)


def read_token(data):
    """The first byte names the reader; the rest is the token."""
    text = data[1:].decode("utf-8", "replace")
    reader, signed, _ = READERS[NAMES[data[0] % len(NAMES)]] if data else READERS["page token"]
    assert reader(text) in (None, signed)


def read_identifier(data):
    """Texts that are looked up or compared: ids, tickets, codes."""
    text = data.decode("utf-8", "replace")
    for kind in (VerificationId, IntentId):
        parsed = kind.parse(text)
        assert parsed is None or parsed.text == text
    if is_ticket(text):
        assert text.isascii()
    assert not matches("no code looks like this", text)
    normalise(text)
    SESSIONS.known(text)


def _tokens():
    others = [bytes([number]) + token.encode() for number in range(len(NAMES)) for token in ("", "a.b", "e30.e30.")]
    return [bytes([number]) + READERS[name][2]().encode() for number, name in enumerate(NAMES)] + others


TARGETS = (
    Target("token", read_token, (), _tokens, words=(".", "=", "eyJ", "oh_", "gAAAA", "i.", '{"alg":"none"}')),
    Target(
        "identifier",
        read_identifier,
        (),
        lambda: [
            b"vf_" + b"a7d6" + b"x" * 26,
            b"bi_" + b"x" * 26,
            b"tk_" + b"a" * 26 + b"-1",
            "１２３４ 5678".encode(),
        ],
        words=("vf_", "bi_", "lg_", "tk_", "a7d6"),
    ),
)
