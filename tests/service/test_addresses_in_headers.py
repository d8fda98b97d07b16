"""What stands in a header is ASCII without control characters, whatever people write into an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from codesvc.web.headers import UnfitHeader, require_fit
from codesvc.web.uris import as_uri, origin_of, with_parameters


@pytest.mark.parametrize(
    ("iri", "uri"),
    [
        ("https://shop.example/返回?名=值#完", "https://shop.example/%E8%BF%94%E5%9B%9E?%E5%90%8D=%E5%80%BC#%E5%AE%8C"),
        ("https://shop.example/a%20b?c=%E8", "https://shop.example/a%20b?c=%E8"),
        ("https://shop.example/100%?a[]=1", "https://shop.example/100%25?a%5B%5D=1"),
        ("https://商店.example:8443/", "https://xn--3ds443g.example:8443/"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443/"),
        ("/admin\r\nSet-Cookie: a=b", "/admin%0D%0ASet-Cookie:%20a=b"),
        ("/admin?a=\t", "/admin?a=%09"),
    ],
)
def test_an_address_becomes_a_uri(iri, uri):
    if "商店" in iri:
        uri = f"https://{'商店'.encode('idna').decode()}.example:8443/"
    assert as_uri(iri) == uri
    assert as_uri(uri) == uri


@pytest.mark.parametrize(
    ("url", "back"),
    [
        ("https://shop.example", "https://shop.example?verification=x"),
        ("https://shop.example/?", "https://shop.example/?verification=x"),
        ("https://shop.example/?a=1&verification=old&b=2", "https://shop.example/?a=1&b=2&verification=x"),
        ("https://shop.example/?verification=1&verification=2#f", "https://shop.example/?verification=x#f"),
        ("https://shop.example/?%76erification", "https://shop.example/?verification=x"),
        ("https://shop.example/?verifications=1", "https://shop.example/?verifications=1&verification=x"),
        ("https://shop.example/#/a?verification=1", "https://shop.example/?verification=x#/a?verification=1"),
    ],
)
def test_a_parameter_is_replaced_and_not_doubled(url, back):
    assert with_parameters(url, verification="x") == back


@given(text=st.text(max_size=60))
def test_every_path_is_printable_ascii(text):
    uri = as_uri(f"/admin{text}")
    assert uri.isascii()
    assert uri.isprintable()
    assert as_uri(uri) == uri


@pytest.mark.parametrize("iri", ["h\ufffdst:t/", "a\r\nb: c", "ü://shop.example/", "1a:b", " https://shop.example/"])
def test_what_stands_where_a_scheme_would_is_refused(iri):
    for read in (as_uri, origin_of):
        with pytest.raises(ValueError, match="not a scheme"):
            read(iri)


@given(text=st.text(max_size=60))
def test_any_text_is_a_printable_uri_or_refused(text):
    try:
        uri = as_uri(text)
    except ValueError:
        return
    assert uri.isascii()
    assert uri.isprintable()
    assert as_uri(uri) == uri


def test_a_host_is_the_same_in_both_scripts():
    assert origin_of("HTTPS://商店.Example/a") == origin_of(f"https://{'商店'.encode('idna').decode()}.example/")


async def test_a_way_back_may_name_the_port_that_browsers_leave_out(world):
    for url in ("https://shop.example:443/back", "HTTPS://Shop.Example:443"):
        assert (await world.start("alice", return_url=url)).status == 201, url
    for url in ("https://shop.example:80/back", "http://shop.example:80/", "https://shop.example:4430/", "ftp://a:21/"):
        refused = await world.start("alice", return_url=url)
        assert (refused.status, refused["errors"][0]["pointer"]) == (400, "/return_url"), url


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "\0", "\x7f"])
def test_a_header_with_a_control_character_is_found(value):
    with pytest.raises(UnfitHeader, match="Location"):
        require_fit(CIMultiDict({"A": "b", "Location": value}))
    require_fit(CIMultiDict({"A": "b\tc", "Location": "/"}))


def test_a_head_that_proxies_do_not_take_is_found():
    with pytest.raises(UnfitHeader, match="Location"):
        require_fit(CIMultiDict({"A": "b" * 2_000, "Location": "/" + "a" * 13_000}))
    require_fit(CIMultiDict({"A": "b" * 2_000, "Location": "/" + "a" * 11_000}))


async def test_a_way_back_that_is_too_long_when_it_is_encoded_is_refused(world):
    for path, status in (("a" * 2_000, 201), ("返" * 440, 201), ("返" * 460, 400), ("返" * 2_000, 400)):
        answer = await world.start("alice", return_url=f"https://shop.example/{path}")
        assert answer.status == status, len(path)


async def test_the_way_back_is_encoded_and_replaced(world):
    url = "https://shop.example/返回?名=值&verification=old#完"
    person = await world.person()
    started = await world.start("alice", return_url=url)
    await person.say(started["scan"]["keyword"])
    code = await person.code_in_chat()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    path = f"/p/{started['page_token']}/check"
    answer = await world.call("POST", path, data=f"code={code}", key=None, headers=form)
    assert answer.headers["Location"] == with_parameters(url, verification=started["id"])
    assert answer.headers["Location"].count("verification=") == 1
