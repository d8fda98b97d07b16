"""Composes every message of every site and purpose with realistic values and a really derived code. No I/O.

WeChat refuses a whole message if one field is wrong, while a person waits for their code. `Composer` already refuses
templates that cannot work. These checks also find the values that `fit` must shorten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from jinja2 import TemplateError

from codesvc.doctor.finding import Finding, fail, ok, warn
from codesvc.domain.codes import VerificationId
from codesvc.domain.guessing import formats_of
from codesvc.domain.record import LAYOUT, Fixed, Record
from codesvc.domain.signed_links import Links
from codesvc.messages.circumstances import NOTICES
from codesvc.messages.composer import Composer
from codesvc.messages.field_trial import BadMessage
from codesvc.messages.templates import BadTemplate, Templates
from codesvc.web.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.config import Purpose, Settings
    from codesvc.domain.keyring import Keyring
    from codesvc.sites.directory import Directory

_WHAT = "messages"
_NOW = 1_764_000_000_000  # any time whose date has the maximum length
_CUT = "…"


def sample(site: str, key: str, purpose: Purpose, keyring: Keyring, locale: str = "zh") -> Record:
    """A sample record of a verification whose code has the maximum length."""
    *_, longest = formats_of(purpose.code_alphabet, purpose.code_length, purpose.long_code_length)
    (identifier,) = VerificationId.mint(keyring.current.key_id, longest)
    fixed = Fixed(locale=locale, agent="HarmonyOS")
    fields: dict[str, str | int] = {
        "site": site,
        "user": "sample",
        "purpose": key,
        "address": "203.0.113.9",
        "fixed": msgspec.json.encode(fixed).decode(),
        "scan": purpose.scan,
        "disclose_binding": 0,
        "status": "pending",
        "created": _NOW,
        "expires": _NOW + purpose.code_life * 1000,
        "resend_at": _NOW,
        "code_max_life": purpose.code_max_life * 1000,
        "code_life": purpose.code_life * 1000,
        "attempts": purpose.attempts,
        "attempts_left": purpose.attempts,
        "keyword": "",
        "channel": "template",
        "delivery": "queued",
        "reason": "",
        "delivery_after": 0,
        "number": 1,
        "vouched": 0,
    }
    stored = msgspec.msgpack.encode((None, *(fields.get(name) for name in LAYOUT)))
    return Record.parse(_NOW, stored, identifier.text)


def compose(settings: Settings, keyring: Keyring, directory: Directory) -> tuple[Composer | None, list[Finding]]:
    """The composer (None if templates or messages are wrong), and the findings about them."""
    try:
        templates = Templates(settings.service.templates_dir)
        Texts(templates)
        composer = Composer(templates, keyring, directory, Links(settings.service.public_url, keyring))
    except BadTemplate as error:
        return None, [fail(_WHAT, str(error), "Fix the template, or remove it from service.templates_dir.")]
    except BadMessage as error:
        return None, [fail(f"{fault.where} ({fault.subject})", fault.found, fault.remedy) for fault in error.faults]
    except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
        remedy = "See templates/message/code.toml for the available variables."
        return None, [fail(_WHAT, f"a message's field cannot be filled: {error}", remedy)]
    cut = list(_cut(settings, keyring, directory, composer))
    count = sum(len(account.messages) for account in settings.accounts.values())
    return composer, cut or [ok(_WHAT, f"{count} message(s) fit their fields for every site and purpose")]


def _cut(settings: Settings, keyring: Keyring, directory: Directory, composer: Composer) -> Iterator[Finding]:
    for site, entry in directory.sites.items():
        account = entry.account.name
        for key, purpose in settings.sites[site].purposes.items():
            for name in entry.account.config.messages.keys() - NOTICES:
                cut = dict[str, str]()
                for locale in ("en", "zh"):
                    values = composer.fields(account, name, sample(site, key, purpose, keyring, locale))
                    cut |= {field: value for field, value in values.items() if _CUT in value}
                for field, value in cut.items():
                    yield warn(
                        f"accounts.{account}.messages.{name}.{field}",
                        f"too long for sites.{site}.purposes.{key}, so it is cut: {value}",
                        "Shorten the name of the site or the purpose, or the field's text.",
                    )
