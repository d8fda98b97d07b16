"""The official golden vectors, both directions, and wechatpy's own AES as a second opinion."""

import pytest
from wechatpy.crypto import WeChatCrypto

from codesvc.sandbox.cipher import BadEnvelope, check_signature, decrypt, encrypt, sign

TOKEN, KEY, APPID = "AAAAA", "A" * 43, "wxba5fad812f8e6fb9"
POST = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT74"
    "0XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50"
    "F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
REPLY = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="


@pytest.mark.parametrize(
    ("parts", "signature"),
    [
        (("1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (("1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (("1714112445", "415670741"), "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
        (("1714112445", "415670741", POST), "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
        (("1713424427", "415670741", REPLY), "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"),
    ],
)
def test_signatures(parts, signature):
    assert sign(TOKEN, *parts) == signature
    assert check_signature(signature, TOKEN, *parts)
    assert not check_signature(signature[:-1] + "é", TOKEN, *parts)


@pytest.mark.parametrize(
    ("encrypted", "prefix", "length"), [(POST, b"a8eedb185eb2fecf", 167), (REPLY, b"707722b803182950", 25)]
)
def test_both_directions(encrypted, prefix, length):
    message = decrypt(KEY, APPID, encrypted)
    assert len(message.encode()) == length
    assert encrypt(KEY, APPID, message, prefix=prefix) == encrypted


@pytest.mark.parametrize("key", [KEY, "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"])
def test_wechatpy_understands_us_and_we_it(key):
    theirs = WeChatCrypto(TOKEN, key, APPID)
    encrypted = encrypt(key, APPID, "<xml>验证码</xml>")
    signature = sign(TOKEN, "1", "2", encrypted)
    xml = f"<xml><ToUserName>a</ToUserName><Encrypt>{encrypted}</Encrypt></xml>"
    assert theirs.decrypt_message(xml, signature, "1", "2") == "<xml>验证码</xml>"
    root = theirs.encrypt_message("<xml>回复</xml>", "9", "8")
    assert decrypt(key, APPID, root.split("<Encrypt><![CDATA[")[1].split("]]>")[0]) == "<xml>回复</xml>"


@pytest.mark.parametrize(
    "bad", ["", "!", "AAAA", POST[:-4] + "AAA=", encrypt(KEY, "wx" + "0" * 16, "x", prefix=b"0" * 16), POST[:-44] + "="]
)
def test_bad_envelopes(bad):
    with pytest.raises(BadEnvelope):
        decrypt(KEY, APPID, bad)
