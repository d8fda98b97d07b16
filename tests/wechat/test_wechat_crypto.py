"""The published vectors of WECHAT.md 16 in both directions, and hostile bytes."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesvc.wechat import crypto
from codesvc.wechat.errors import BadEnvelope, BadKeys

TOKEN = "AAAAA"
KEY = "A" * 43
OTHER_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APPID = "wxba5fad812f8e6fb9"
PUSH = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR"
    "8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km3"
    "2IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
REPLY = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (("1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (("1714112445", "415670741"), "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
        (("1714112445", "415670741", PUSH), "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
        (("1713424427", "415670741", REPLY), "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"),
    ],
)
def test_published_signatures(parts, expected):
    assert crypto.signature(TOKEN, *parts) == expected
    assert crypto.matches(expected, TOKEN, *parts)
    assert not crypto.matches(expected, TOKEN + "x", *parts)
    assert not crypto.matches(expected.upper(), TOKEN, *parts)


@pytest.mark.parametrize(
    ("sealed", "prefix", "length"), [(PUSH, b"a8eedb185eb2fecf", 167), (REPLY, b"707722b803182950", 25)]
)
def test_published_envelopes_open_and_close(sealed, prefix, length):
    message, key = crypto.decrypt(sealed, [KEY], APPID)
    assert len(message) == length
    assert key == KEY
    assert crypto.encrypt(message, KEY, APPID, prefix=prefix) == sealed


@given(given_signature=st.text(), parts=st.lists(st.text(st.characters(exclude_categories=()))))
def test_any_text_may_be_given_as_signature(given_signature, parts):
    assert not crypto.matches(given_signature, *parts)


@given(message=st.binary(max_size=300), prefix=st.none() | st.binary(min_size=16, max_size=16))
def test_round_trip_with_either_key(message, prefix):
    sealed = crypto.encrypt(message, OTHER_KEY, APPID, prefix=prefix)
    assert crypto.decrypt(sealed, [KEY, OTHER_KEY], APPID) == (message, OTHER_KEY)


def test_two_envelopes_of_one_message_differ():
    assert crypto.encrypt(b"x", KEY, APPID) != crypto.encrypt(b"x", KEY, APPID)


@given(sealed=st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()))
def test_hostile_envelopes_are_refused_alike(sealed):
    with pytest.raises(BadEnvelope, match="does not open"):
        crypto.decrypt(sealed, [KEY, OTHER_KEY], APPID)


@given(position=st.integers(0, 95), flip=st.integers(1, 255))
def test_a_changed_byte_never_raises_anything_else(position, flip):
    raw = bytearray(base64.b64decode(crypto.encrypt(b"m" * 40, KEY, APPID, prefix=b"p" * 16)))
    raw[position] ^= flip
    try:
        message, _ = crypto.decrypt(base64.b64encode(raw).decode(), [KEY], APPID)
    except BadEnvelope:
        return
    # CBC alone cannot notice a change in the random prefix or the message; the msg_signature does.
    assert len(message) == 40


@pytest.mark.parametrize("tail", [b"\x00", b"\x21" * 33, b"\x01\x02", b"\x20" * 31 + b"\x21"])
def test_wrong_padding_is_refused(tail):
    body = b"p" * 16 + (3).to_bytes(4, "big") + b"abc" + APPID.encode()
    body += b"\x05" * (-(len(body) + len(tail)) % 32) + tail
    encryptor = crypto._cipher(base64.b64decode(KEY + "=")).encryptor()
    sealed = base64.b64encode(encryptor.update(body) + encryptor.finalize()).decode()
    with pytest.raises(BadEnvelope):
        crypto.decrypt(sealed, [KEY], APPID)


def test_wrong_appid_and_wrong_key_read_alike():
    sealed = crypto.encrypt(b"x", KEY, APPID)
    with pytest.raises(BadEnvelope) as wrong_appid:
        crypto.decrypt(sealed, [KEY], APPID + "0")
    with pytest.raises(BadEnvelope) as wrong_key:
        crypto.decrypt(sealed, [OTHER_KEY], APPID)
    assert str(wrong_appid.value) == str(wrong_key.value)


def test_spare_bits_in_the_last_character_of_a_key_do_not_matter():
    sealed = crypto.encrypt(b"x", "A" * 42 + "B", APPID)
    assert crypto.decrypt(sealed, [KEY], APPID)[0] == b"x"


@pytest.mark.parametrize("key", ["", "A" * 42, "A" * 44, "A" * 42 + "!", "A" * 42 + "é"])
def test_a_malformed_key_is_our_own_fault_and_is_not_shown(key):
    with pytest.raises(BadKeys) as caught:
        crypto.encrypt(b"x", key, APPID)
    assert "AAAA" not in str(caught.value)
    with pytest.raises(BadKeys):
        crypto.decrypt(REPLY, [key], APPID)
