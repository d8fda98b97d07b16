"""An imitation of the WeChat Official Account platform: a program, a library, a pytest plugin.

`Platform` is the state. `AccountSpec` describes an official account, `TemplateSpec` one of its templates, and
`Settings` how the platform behaves. `create_app` makes the aiohttp application that serves a `Platform`. The names are
imported on first use, so that `codesvc --help` stays quick. This package imports nothing from the rest of codesvc.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codesvc.sandbox.account import AccountSpec, TemplateSpec
    from codesvc.sandbox.app import create_app
    from codesvc.sandbox.platform import Platform
    from codesvc.sandbox.settings import Settings

__all__ = ["AccountSpec", "Platform", "Settings", "TemplateSpec", "create_app"]

_MODULES = {
    "AccountSpec": "account",
    "Platform": "platform",
    "Settings": "settings",
    "TemplateSpec": "account",
    "create_app": "app",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
