"""Configuration: a TOML file of any bytes, and the small languages of its values."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from codesvc.config import ConfigError, load
from codesvc.config.faults import UnfitError
from codesvc.config.master_key import weakness
from codesvc.config.rates import rate, rates
from codesvc.config.settings import Settings
from codesvc.config.store_address import StoreAddress
from codesvc.domain.listener import parse_listener
from codesvc.domain.outbound_proxy import OutboundProxy
from tests.fuzz.target import Target

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
SMALL = """mode = "live"
[service]
public_url = "https://code.example.com"
[secrets]
master_key = "qZ3vN8xK1mW7rT5bY0cL4sH9dF2gJ6pA"
[accounts.main]
appid = "wx0123456789abcdef"
name = "示例服务号"
secret = "5ec1e7a9b2d4c6f80713a5b9d2e4f6c8"
token = "token123"
aes_key = "0G0r3nCB193y1Bevj9ei6F23hGITBv1vT8wdiiQRepM"
[sites.shop]
name = "山月茶铺"
account = "main"
keys = [{ name = "back end", hash = "sha256:HASH", scopes = ["verify"] }]
""".replace("HASH", "0123456789abcdef" * 4)
DIRECTORY = Path(tempfile.mkdtemp(prefix="codesvc-fuzz-"))
atexit.register(shutil.rmtree, DIRECTORY, ignore_errors=True)
FILE = DIRECTORY / "config.toml"
_PARSERS = (
    rate,
    parse_listener,
    StoreAddress.parse,
    OutboundProxy.parse,
    weakness,
    lambda text: rates(text.split(",")),
)


def write_file(data):
    FILE.write_bytes(data)
    FILE.chmod(0o600)


def read_file(_data):
    """Settings, or a list of faults that can be printed."""
    text = ""
    try:
        assert isinstance(load(FILE, env={}), Settings)
    except ConfigError as error:
        text = str(error)
        for fault in error.faults:
            text += str(fault)
    text.encode()


def read_value(data):
    """The first byte names the language; the rest is the value."""
    text = data[1:].decode("utf-8", "replace")
    _PARSERS[data[0] % len(_PARSERS) if data else 0](text)


def _files():
    small = SMALL.encode()
    sections = EXAMPLE.read_text(encoding="utf-8").replace("\n# ", "\n").split("\n\n")
    return [small, *(small + b"\n" + section.encode() for section in sections if "=" in section)]


def _values():
    texts = (
        "5/hour", "30/7d", "none", "unix:/run/x.sock", "[::1]:9080", "127.0.0.1:80", "redis://u:p@h:1/0?a=b",
        "redis+sentinel://h,h2:1/main/0", "redis+cluster://h", "unix:///run/v.sock", "http://u:p@proxy:3128",
        "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8h", "12345678901234567890123456789012",
    )  # fmt: skip
    return [bytes([number]) + text.encode() for number in range(len(_PARSERS)) for text in texts]


TARGETS = (
    Target(
        "configuration",
        read_file,
        (ConfigError,),
        _files,
        steps=400_000,
        steps_per_byte=2_000,
        prepare=write_file,
        words=("[service]", "[limits]", "[sites.shop.purposes.reset]", "[[sites.shop.keys]]", " = ", '"', "'''", "inf",
               "2025-05-01T00:00:00Z", "_file = ", "true", "[store]", "url", "0x", "{", "}", "[", "]"),
    ),
    Target("configuration_value", read_value, (ValueError, UnfitError), _values, words=("/", "://", "@", "hour", "?")),
)  # fmt: skip
