"""Trusting everybody's X-Forwarded-For means that every visitor chooses an address: refused, also in parts."""

from pathlib import Path

import pytest

from codesvc.config import ConfigError, parse
from tests.world import document

EVERYBODY = [
    ["0.0.0.0/0"],
    ["::/0"],
    ["10.0.0.0/8", "0.0.0.0/0"],
    ["0.0.0.0/1", "128.0.0.0/1"],
    ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1"],
    ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"],
    ["::/1", "8000::/1"],
    ["2000::/3"],
    ["2000::/4", "3000::/4"],
    ["0.0.0.0/1"],
    ["::ffff:0.0.0.0/96"],
    ["::ffff:0:0/97", "::ffff:128.0.0.0/97"],
]
FEW = [
    [],
    ["127.0.0.1", "::1"],
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
    ["fe80::/10"],
    ["2001:db8::/32"],
]


def parsed(proxies):
    tables = document("http://127.0.0.1:1", "http://127.0.0.1:2", service__trusted_proxies=proxies)
    return parse(tables, env={}, directory=Path())


@pytest.mark.parametrize("proxies", EVERYBODY, ids=" ".join)
def test_everybody_is_no_proxy(proxies):
    with pytest.raises(ConfigError, match=r"service\.trusted_proxies: .*visitors could forge"):
        parsed(proxies)


@pytest.mark.parametrize("proxies", FEW, ids=" ".join)
def test_networks_of_ones_own_are(proxies):
    assert len(parsed(proxies).service.trusted_proxies) == len(proxies)


def test_a_mapped_network_is_that_of_ipv4():
    """A server that listens on IPv6 sees its IPv4 proxy as ::ffff:10.0.0.7, and so operators write it."""
    found = parsed(["::ffff:10.0.0.7", "::ffff:192.168.0.0/112"]).service.trusted_proxies
    assert [str(each) for each in found] == ["10.0.0.7/32", "192.168.0.0/16"]
