"""The use cases and scripts of a running service, called without HTTP in between: many may be under way at once."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import ip_address
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from codesvc.config import parse
from codesvc.domain import codes
from codesvc.domain.clock import Offset
from codesvc.domain.codes import VerificationId
from codesvc.domain.keyring import Keyring
from codesvc.domain.limits import Rate
from codesvc.service.models import NOT_IDEMPOTENT, Idempotency, StartRequest
from codesvc.service.statistics.recorder import Recorder
from codesvc.service.verifications import Verifications
from codesvc.sites.directory import SiteEntry
from codesvc.sites.registry.reading import configured_directory
from codesvc.store import script
from codesvc.store.act import STANDING_ARGS
from codesvc.store.connection import connect
from codesvc.store.outcomes import Outcome
from codesvc.store.script import load
from codesvc.store.store import Store
from codesvc.web.context import SERVICES
from tests.stores import acts_of
from tests.world import MASTER, document, wrong

if TYPE_CHECKING:
    from tests.world import World

FREE = {"address_starts": "none", "site_starts": "none", "address_guesses": "none", "site_guesses": "none"}


@dataclass
class Shop:
    """One site of a running service."""

    world: World

    @cached_property
    def here(self):
        return self.world.app[SERVICES]

    @cached_property
    def site(self):
        return self.here.directory.sites["shop"]

    def limited(self, **limits):
        """The site with other limits: name = [(count, seconds), …]."""
        rates = {name: tuple(Rate(*rate) for rate in given) for name, given in limits.items()}
        config = replace(self.site.config, limits=replace(self.site.config.limits, **rates))
        return SiteEntry(self.site.name, config, self.site.account)

    async def start(self, user="u-1", purpose="register", *, ip="192.0.2.1", key=None, body=b"", site=None, **more):
        request = StartRequest(purpose=purpose, user=user, client_ip=ip_address(ip), **more)
        idempotency = Idempotency.of(key, body) if key else NOT_IDEMPOTENT
        return await self.here.verifications.start(site or self.site, request, idempotency)

    async def ask_to_start(self, user="u-1", *, ip, site):
        """A start's bare answer, which also says when it was decided."""
        request = StartRequest(purpose="register", user=user, client_ip=ip_address(ip))
        policy = site.purpose("register")
        return await self.here.verifications._try_start(site, policy, request, NOT_IDEMPOTENT, None, test=False)

    async def started(self, *args, **more):
        return (await self.start(*args, **more)).shown

    def code(self, record):
        identifier = VerificationId.parse(record.id)
        return codes.derive(self.here.keyring.find(identifier.key_id).code_key, identifier)

    async def check(self, record, typed=None, *, site=None, address=None, key=None):
        """Type the right code, or `typed`."""
        return await self.here.verifications.check(
            site or self.site,
            VerificationId.parse(record.id),
            self.code(record) if typed is None else typed,
            address=address,
            idempotency=Idempotency.of(key, b"") if key else NOT_IDEMPOTENT,
        )

    async def guess(self, record, **more):
        return await self.check(record, wrong(self.code(record)), **more)

    async def read(self, record):
        return (await self.here.verifications.get(self.site, VerificationId.parse(record.id))).shown

    async def script(self, name, keys, **args):
        """Run a script; what its header wants and the test does not care about is left empty."""
        return acts_of(self.here.store)[name].read(await self.raw(name, keys, **args))

    async def raw(self, name, keys, **args):
        """As `script`, unread."""
        header, names = load(name), self.site.store_keys
        args = {"site": "shop"} | args
        given = {arg: args.get(arg, "") for arg in header.args if arg in args or arg not in STANDING_ARGS}
        return await acts_of(self.here.store)[name].raw(
            names,
            {key: keys.get(key, f"{names.root}unused:{key}") for key in header.keys},
            given,
        )

    async def claim(self, record, openid, *, push="", reply=1, forgeable=0):
        """Send the verification's word from this WeChat; `push` tells two pushes of WeChat apart."""
        names = self.site.store_keys
        keys = {
            "pointer": names.keyword(record.keyword),
            "keyword_window": names.openid_window("openid_words", openid),
            "seen": names.seen(f"{openid}/{push or record.id}"),
            "outbox": names.outbox,
        }
        more = {"keyword_rates": "10/3600000", "window": 55_000, "followed": 0, "forgeable": forgeable}
        return await self.script("claim", keys, openid=openid, by="keyword", reply=reply, **more)

    async def bind(self, user, openid):
        keys = {"binding": self.site.store_keys.binding("shop", user), "outbox": self.site.store_keys.outbox}
        answer = await self.script("bind", keys, user=user, openid=openid, made_by="openid", many=0, replace=0)
        assert answer.outcome is Outcome.BOUND

    def move(self, ms):
        """Let time pass by the clock that decides."""
        self.here.offset.move_to(self.here.offset.ms + ms)

    def set_back(self, ms):
        """Set the clock that decides back. `move_to` never does: it stands for a clock that was wrong."""
        self.here.offset._ms -= ms


@pytest.fixture
def new_shop(new_world):
    @asynccontextmanager
    async def make(**changes):
        async with new_world(**{"sites__shop__limits": FREE} | changes) as world:
            yield Shop(world)

    return make


@pytest.fixture
async def shop(new_shop):
    async with new_shop() as shop:
        yield shop


@pytest.fixture
async def quiet_shop(store_url, tmp_path):
    """The use cases without a worker, so that what is queued stays queued."""
    settings = parse(document("http://127.0.0.1:1", "http://127.0.0.1:2"), env={}, directory=tmp_path)
    keyring, offset = Keyring(MASTER.encode()), Offset(movable=True)
    servers = await connect(store_url, timeout=5)
    store = Store(servers, offset=offset, prefix="cs")
    directory = configured_directory(settings)
    shop = Shop(None)
    shop.here = SimpleNamespace(
        directory=directory,
        keyring=keyring,
        offset=offset,
        store=store,
        verifications=Verifications(store, keyring, None, Recorder(store, directory)),
    )
    yield shop
    await servers.aclose()


@pytest.fixture(params=["strings", "lists"])
def form(request, monkeypatch):
    """Windows as they mostly are, and with hardly any room before they become lists."""
    if request.param == "lists":
        monkeypatch.setattr(script, "MOST_PACKED", 2)
        script.load.cache_clear()
    yield
    script.load.cache_clear()
