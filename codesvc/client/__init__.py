"""The SDK: call the service from a website's back end, asynchronously (`Client`) or not (`SyncClient`).

    async with Client("https://code.example.com", api_key) as codes:
        started = await codes.start(purpose="register", user=attempt, client_ip=browser)

Nothing of the server is imported, and what is slow to import (aiohttp, urllib3, cryptography) only when it is used.
The asynchronous client is made of aiohttp, the other of urllib3: both are here already (urllib3 as a part of what the
service stands on), both keep connections open, and neither pulls in anything else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from codesvc.client import errors
from codesvc.client.errors import (
    Ended,
    Limited,
    NotFound,
    Refused,
    ServiceError,
    Unreachable,
    WrongCode,
)
from codesvc.client.retries import Retries
from codesvc.wire import Binding, BindIntent, Claims, History, Login, Redemption, ScanCode, Verification

if TYPE_CHECKING:
    from codesvc.client.asynchronous import Client
    from codesvc.client.blocking import SyncClient
    from codesvc.client.proofs import read_proof

__all__ = [
    "BindIntent",
    "Binding",
    "Claims",
    "Client",
    "Ended",
    "History",
    "Limited",
    "Login",
    "NotFound",
    "Redemption",
    "Refused",
    "Retries",
    "ScanCode",
    "ServiceError",
    "SyncClient",
    "Unreachable",
    "Verification",
    "WrongCode",
    "errors",
    "read_proof",
]

_LATE = {"Client": "asynchronous", "SyncClient": "blocking", "read_proof": "proofs"}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
