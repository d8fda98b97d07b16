"""Whatever bytes come in at the edges, they are read or refused: no other exception, and nothing is believed.

The functions behind the sockets, so that many thousands fit into a second; `tests/service/test_fuzz.py` asks over HTTP.
CODESVC_FUZZ_EXAMPLES sets how many each. `make fuzz` goes on where chance does not lead (contributing/fuzzing.md).
"""

from __future__ import annotations

import contextlib
import os
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from codesvc.config import ConfigError, load
from codesvc.domain.chat_text import read_keyword
from codesvc.domain.codes import VerificationId, matches
from codesvc.domain.intent import IntentId
from codesvc.domain.keyring import Keyring
from codesvc.domain.oauth_state import OAuthStates, ReturnPage
from codesvc.domain.openid_handle import Claim, Handles
from codesvc.domain.page_token import PageSubject, PageTokens
from codesvc.domain.proof import Proofs
from codesvc.domain.signed_links import Links, Use
from codesvc.domain.signed_links import Subject as LinkSubject
from codesvc.domain.ticket import TicketSecrets, is_ticket
from codesvc.domain.typed_text import normalise
from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.sandbox.envelope import write_xml
from codesvc.wechat import callback_format
from codesvc.wechat.errors import BadCallback
from tests.service.callbacks import push_of, sealed
from tests.world import MASTER

EXAMPLES = int(os.environ.get("CODESVC_FUZZ_EXAMPLES", "250"))
much = settings(max_examples=EXAMPLES)
KEYRING = Keyring(MASTER.encode())
PAGES, LINKS = PageTokens(KEYRING), Links("https://code.example", KEYRING)
HANDLES, SEALS, PROOFS = Handles(KEYRING), OAuthStates(KEYRING), Proofs("https://code.example", KEYRING)
APPID = "wx" + "1" * 16
GENUINE = {
    "page token": (PAGES.sign(PageSubject("shop", "vf_x")), PAGES.read),
    "link": (LINKS.sign(Use.ASK, LinkSubject("main", "bi_x")), lambda text: LINKS.read(Use.ASK, text)),
    "handle": (
        HANDLES.seal("shop", APPID, Claim("lg_x", "o_x", 10**15)),
        lambda text: HANDLES.open("shop", APPID, text),
    ),
    "openid handle": (HANDLES.name("shop", "o_x"), lambda text: HANDLES.openid("shop", text)),
    "state": (
        SEALS.state(ReturnPage("confirm", "main", "bi_x"), "browser", "main"),
        lambda text: SEALS.errand(text, "browser", "main"),
    ),
    "form token": (SEALS.form("browser", "bi_x"), lambda text: SEALS.is_form(text, "browser", "bi_x") or None),
}
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=200)


@st.composite
def changed(draw, genuine):
    """A genuine text of which a few characters went, came, moved or became others."""
    text = list(genuine)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(text) - 1)))
        text[at : at + draw(st.integers(0, 2))] = draw(st.text("aA9_-.=~+/% \x00é", max_size=2))
    return "".join(text)


@pytest.mark.parametrize(("genuine", "read"), GENUINE.values(), ids=GENUINE)
def test_a_changed_token_says_nothing_or_what_was_signed(genuine, read):
    """Base64 leaves several spellings of the same bytes; there is no other content."""
    signed = read(genuine)
    assert signed

    @much
    @given(changed(genuine) | ANY_TEXT)
    @example("")
    @example(genuine + "=")
    @example(genuine * 40)
    def holds(text):
        assert read(text) in {None, signed}, text

    holds()


@much
@given(ANY_TEXT | changed("vf_" + "a7d6" + "x" * 26) | changed("12345678") | changed("bi_" + "x" * 26))
def test_ids_codes_and_words_are_read_or_not(text):
    parsed = VerificationId.parse(text)
    assert parsed is None or parsed.text == text
    intent = IntentId.parse(text)
    assert intent is None or intent.text == text
    is_ticket(text)
    read_keyword(text)
    assert not matches("no code looks like this", text)
    assert PROOFS.read(text, audience="shop") is None
    assert not TicketSecrets(KEYRING).is_digits(text, "tk_x", "browser") or len(normalise(text)) >= 4


ELEMENTS = st.sampled_from([
    "ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "EventKey", "MsgId", "MsgID", "Content", "Ticket",
    "Status", "List", "PopupScene", "SubscribeStatusString", "TemplateId", "Encrypt", "x", "xml",
])  # fmt: skip
WORDS = st.sampled_from([
    "event", "text", "SCAN", "subscribe", "unsubscribe", "TEMPLATESENDJOBFINISH", "CLICK", "VIEW", "qrscene_cs_x", "1",
    "subscribe_msg_sent_event", "subscribe_msg_popup_event", "failed:user block", "]]>", "<!DOCTYPE x>", "&e;",
])  # fmt: skip
KEYS = {
    mode: callback_format.CallbackKeys(
        appid=DEFAULT_ACCOUNT.appid,
        tokens=(DEFAULT_ACCOUNT.token,),
        aes_keys=(DEFAULT_ACCOUNT.aes_key,),
        mode=mode,
        original_id=DEFAULT_ACCOUNT.original_id,
    )
    for mode in ("safe", "compatible", "plaintext")
}


@st.composite
def documents(draw):
    """XML that is nearly a push: elements in any number and order, torn in places."""
    fields = {"ToUserName": DEFAULT_ACCOUNT.original_id, "FromUserName": "o_someone", "CreateTime": int(time.time())}
    fields |= draw(st.dictionaries(ELEMENTS, WORDS | st.text(max_size=12), max_size=6))
    try:
        text = write_xml(fields).encode()
    except ValueError:
        text = b"<xml/>"
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.binary(max_size=5)) + text[at + draw(st.integers(0, 4)) :]
    return text


@much
@given(inner=documents() | st.binary(max_size=300), mode=st.sampled_from(sorted(KEYS)))
def test_a_push_that_is_signed_and_makes_no_sense_is_a_bad_callback(inner, mode):
    """By somebody who knows the token, or by a WeChat that has changed: what is signed may still be nonsense."""
    text = inner.decode("utf-8", "replace")
    query, body = sealed(DEFAULT_ACCOUNT, {}, mode=mode, inner=text)
    try:
        inbound = callback_format.parse(KEYS[mode], query, body.encode(), now=time.time())
    except BadCallback:
        return
    assert inbound.event.openid
    assert inbound.covered == (mode != "plaintext")


@much
@given(place=st.integers(0, 2**16), letter=st.sampled_from("ABCDabcd0123+/"))
def test_a_sealed_push_that_was_changed_is_refused(place, letter):
    query, body = sealed(DEFAULT_ACCOUNT, push_of(DEFAULT_ACCOUNT, "o_someone", text="hello"))
    first, end = body.index("<Encrypt>") + 20, body.index("</Encrypt>") - 8
    at = first + place % (end - first)
    assume(body[at] != letter)
    with pytest.raises(BadCallback):
        callback_format.parse(KEYS["safe"], query, (body[:at] + letter + body[at + 1 :]).encode(), now=time.time())


EXAMPLE = (Path(__file__).parents[2] / "config.example.toml").read_bytes()


@settings(max_examples=max(50, EXAMPLES // 5))
@given(data=st.data())
def test_a_configuration_file_of_any_bytes_is_settings_or_a_list_of_faults(data, tmp_path_factory):
    text = EXAMPLE
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.binary(max_size=8)) + text[at + data.draw(st.integers(0, 30)) :]
    path = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    path.write_bytes(text)
    path.chmod(0o600)
    with contextlib.suppress(ConfigError):
        load(path, env={})
        tomllib.loads(text.decode())
