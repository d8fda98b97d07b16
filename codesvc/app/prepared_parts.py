"""The parts of an application that are made before anything is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesvc.domain.service_address import ServiceAddress
from codesvc.domain.signed_links import Links
from codesvc.messages.chat import ChatComposer
from codesvc.messages.composer import Composer
from codesvc.messages.templates import Templates
from codesvc.sites.directory import Directory
from codesvc.sites.registry.contents import Contents
from codesvc.sites.registry.sealing import Sealer
from codesvc.web.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.config import Settings
    from codesvc.domain.keyring import Keyring


@dataclass(frozen=True, slots=True)
class PreparedParts:
    """The parts that are made once, before anything is opened, so that faults are found early."""

    address: ServiceAddress
    keyring: Keyring
    sealer: Sealer
    directory: Directory
    templates: Templates
    texts: Texts
    links: Links
    composer: Composer
    chat_composer: ChatComposer


def prepare(settings: Settings, templates: Mapping[str, str] | None = None) -> PreparedParts:
    """Make the parts that need no open connection.

    Args:
        settings: checked settings.
        templates: replacements for the shipped templates, by name; None: read from the configured directory.

    Raises:
        BadTemplate: a template does not load.
        BadMessage: a message could fail or hide its code (`codesvc.messages.field_trial`).
    """
    keyring = settings.secrets.keyring()
    sealer = Sealer(keyring)
    directory = Directory(settings, Contents(sealer))
    address = ServiceAddress(settings.service.public_url)
    loaded = Templates(settings.service.templates_dir if templates is None else templates, own_path=address.path)
    links = Links(settings.service.public_url, keyring)
    composer = Composer(loaded, keyring, directory, links)
    chat_composer = ChatComposer(loaded, directory, links, composer.account_fields)
    return PreparedParts(address, keyring, sealer, directory, loaded, Texts(loaded), links, composer, chat_composer)
