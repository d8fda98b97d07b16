"""A callback that is no XML: the refusal says what came, and quotes no value of it."""

import pytest

from codesvc.wechat.unexpected_body import describe

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ0"
SECRETS = (OPENID, "721082", "k7mq2xw9", "s3cretToken")
BODIES = {
    "JSON": f'{{"ToUserName": "gh_a", "FromUserName": "{OPENID}", "Content": "k7mq2xw9 721082", "n": 721082}}',
    "a form": f"openid={OPENID}&content=721082&token=s3cretToken",
    "an HTML page": f"<!DOCTYPE html><html><head><title>502 Bad Gateway {OPENID}</title></head></html>",
    "plain text": f"upstream error 721082 {OPENID} k7mq2xw9 s3cretToken",
    "multipart/form-data": f"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n{OPENID}\r\n--x--",
    "not well-formed XML": f"<xml><FromUserName><![CDATA[{OPENID}]]></FromUserName><Content>721082 k7mq2xw9",
}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("before", ["", "\ufeff", "\r\n  "])
def test_what_came_is_said_and_no_value_of_it(kind, before):
    said = describe((before + BODIES[kind]).encode())
    assert kind in said
    assert "; it begins: " in said
    assert not [secret for secret in SECRETS if secret in said]
    assert len(said) < 250
    assert said.isprintable()


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"", "empty"), (b" \n", "empty"), (b"\x1f\x8b\x08", "compressed"), (b"\xff\xfe<\0", "not UTF-8 text")],
)
def test_what_is_no_text_is_named(body, said):
    assert said in describe(body)


def test_a_cut_character_is_no_fault_of_the_text():
    assert "JSON" in describe(b'{"a": "' + "验".encode() * 1000 + b'"}')
