"""The store's address, taken apart."""

import pytest

from codesvc.config.store_address import StoreAddress, Topology


@pytest.mark.parametrize("text", ["redis://:p@h:1/2?x=1", "rediss://h", "unix:///run/a%20b?db=1"])
def test_one_server_is_for_the_library_to_read(text):
    address = StoreAddress.parse(text)
    assert (address.way, address.url, address.hosts) == (Topology.SERVER, text, ())


def test_a_cluster_is_some_of_its_nodes():
    address = StoreAddress.parse("rediss+cluster://u:p%2C@a:1,b,[::1]:7/?ssl_ca_certs=/x")
    assert address.way is Topology.CLUSTER
    assert address.hosts == (("a", 1), ("b", 6379), ("::1", 7))
    assert address.url == "rediss://u:p%2C@host/0?ssl_ca_certs=%2Fx"


def test_sentinels_have_a_name_for_the_primary_and_perhaps_a_login_of_their_own():
    address = StoreAddress.parse("redis+sentinel://:p@a,b:2/my%20master/3?sentinel_username=s&sentinel_password=q")
    assert address.way is Topology.SENTINEL
    assert address.hosts == (("a", 26379), ("b", 2))
    assert (address.service, address.sentinel_login) == ("my master", ("s", "q"))
    assert address.url == "redis://:p@host/3"
    assert StoreAddress.parse("redis+sentinel://a/m").sentinel_login == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        "redis://user:secret@h:1/0",
        "redis+cluster://user:secret@a:1,b:2",
        "redis+sentinel://user:secret@a/m?sentinel_password=secret",
    ],
)
def test_what_is_shown_holds_no_secret(text):
    address = StoreAddress.parse(text)
    assert "secret" not in address.shown
    assert "secret" not in repr(address)
    assert address.shown


@pytest.mark.parametrize(
    "text",
    ["", "redis", "redis+x://a", "redis+cluster://", "redis+cluster://a,,b", "redis+cluster://a:99999", "redis://?x=1"],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="must"):
        StoreAddress.parse(text)
