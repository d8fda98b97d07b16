"""Page tokens act on exactly one verification; any change makes them nobody's."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from codesvc.domain.keyring import Keyring
from codesvc.domain.page_token import PageSubject, PageTokens

RING = Keyring(b"pages " * 8)
TOKENS = PageTokens(RING)
SUBJECT = PageSubject("shop", "vf_abcdd6" + "a" * 26)
TOKEN = TOKENS.sign(SUBJECT)


def test_what_is_signed_is_read_back_and_always_the_same():
    assert TOKENS.read(TOKEN) == SUBJECT
    assert TOKENS.sign(SUBJECT) == TOKEN
    assert set(TOKEN) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("ABab01-_."))
def test_no_change_goes_unseen(place, letter):
    changed = TOKEN[:place] + letter + TOKEN[place + 1 :]
    assert TOKENS.read(changed) == (SUBJECT if changed == TOKEN else None)


@given(st.text(max_size=700))
def test_any_text_can_be_looked_at(text):
    assert TOKENS.read(text) is None


@pytest.mark.parametrize(
    "forged",
    [
        PageTokens(Keyring(b"other " * 8)).sign(SUBJECT),
        URLSafeSerializer(RING.token_keys("page token"), salt=b"codesvc.domain.ticket").dumps(["shop", SUBJECT.id]),
        URLSafeSerializer(RING.token_keys("page token"), salt=b"codesvc.page").dumps(["shop", SUBJECT.id]),
        URLSafeSerializer(RING.token_keys("code"), salt=b"codesvc.page").dumps(["shop", SUBJECT.id]),
        TOKEN + TOKEN,
        TOKEN + "a" * 600,
        "." + TOKEN,
        TOKEN.partition(".")[0],
        "\ud800." + TOKEN,
    ],
)
def test_what_was_signed_otherwise_is_nobodys(forged):
    assert TOKENS.read(forged) is None


def test_they_survive_a_rotation():
    assert PageTokens(Keyring(b"newer " * 8, [b"pages " * 8])).read(TOKEN) == SUBJECT
    assert PageTokens(Keyring(b"newer " * 8)).read(TOKEN) is None


@given(
    st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True),
    st.from_regex(r"(vf|bi|lo)_[a-z2-7]{26,32}", fullmatch=True),
)
def test_they_are_what_the_library_would_have_signed(site, identifier):
    signer = URLSafeSerializer(
        RING.token_keys("page token"), salt=b"codesvc.page", signer_kwargs={"digest_method": sha256}
    )
    token = TOKENS.sign(PageSubject(site, identifier))
    assert signer.loads(token) == [site, identifier]
    assert token == signer.dumps([site, identifier]) or signer.dumps([site, identifier]).startswith(".")
