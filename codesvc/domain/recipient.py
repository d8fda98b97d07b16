"""Recipients of messages: phone numbers and e-mail addresses in one form, and the user ids that stand for them. Pure.

A recipient is personal data. It is looked up by a keyed hash of its normalised form, and stored only sealed
(`codesvc.domain.sealed_content`). Its repr hides it.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from enum import StrEnum
from hashlib import sha256
from stringprep import in_table_a1
from typing import TYPE_CHECKING, Final

import msgspec
import phonenumbers

from codesvc.domain.base_encodings import base32
from codesvc.domain.dns_names import may_be_encoded
from codesvc.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Container

    from codesvc.domain.keyring import Keyring, MasterKey

_LONGEST_PHONE: Final = 40
_LONGEST_ADDRESS: Final = 254
_LONGEST_LOCAL_PART: Final = 64
"""RFC 5321 section 4.5.3.1, as corrected by RFC 3696 erratum 1690."""
_LOST_PLUS: Final = re.compile(r"[ \u3000]\d")
_DIALLED: Final = re.compile(r"\+?[0-9 ().\-/\u00a0\u2010-\u2015]{4,40}")
_LOCAL_PART: Final = re.compile(r"(?!.*=\?)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
"""RFC 5322 section 3.4.1, without encoded words (RFC 2047 section 5), which a reader of the mail would decode."""
_READ_TWO_WAYS: Final = re.compile("[\u00df\u1e9e\u03c2\u200c\u200d\u115f\u1160\u13a0-\u13f5\u17b4\u17b5\u1806]")
"""Of domains: one standard maps them to other letters or none, another keeps them: ß, ς, joiners, fillers, Cherokee."""
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_REGION: Final = re.compile(r"[A-Z]{2}")
_GOOGLE: Final = ("gmail.com", "googlemail.com")
_HASH_BYTES: Final = 15
_ID: Final = re.compile(r"(?:ph|em)_[a-z2-7]{24}")
_PHONE: Final = "/recipient/phone"
_EMAIL: Final = "/recipient/email"


class MessageKind(StrEnum):
    """How a message was requested; the value is the API's word."""

    SMS = "sms"
    EMAIL = "email"


_PREFIXES: Final = {MessageKind.SMS: "ph_", MessageKind.EMAIL: "em_"}


class Recipient(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """A phone number or e-mail address in its normalised form.

    Attributes:
        text: a phone number in E.164 with its plus, or an e-mail address as a mail server takes it.
        identity: the text that the keyed hash covers; every spelling of one recipient has the same.
    """

    kind: MessageKind
    text: str
    identity: str

    def __repr__(self) -> str:
        return f"Recipient({self.kind.value})"

    @property
    def country_code(self) -> str:
        """The country calling code of a phone number, without the plus; "" for an e-mail address."""
        return str(self._parsed.country_code) if self.kind is MessageKind.SMS else ""

    @property
    def national(self) -> str:
        """A phone number without its country code; an e-mail address as it is."""
        if self.kind is MessageKind.EMAIL:
            return self.text
        return phonenumbers.national_significant_number(self._parsed)

    def is_of(self, countries: Container[str]) -> bool:
        """Whether it is a phone number of one of these countries (CN); an e-mail address is of every country.

        The calling code alone does not tell, as several countries share 1. A number of no country, such as a satellite
        phone's, is of none of them.
        """
        return self.kind is MessageKind.EMAIL or phonenumbers.region_code_for_number(self._parsed) in countries

    @property
    def mailbox(self) -> Recipient:
        """The recipient as limits count it: addresses that reach one mailbox are one.

        Many mail servers deliver `alice+anything@` to `alice@` (RFC 5233), and Google's ignore dots and have two names.
        It is for counting only: at another mail server they may be two people, who then share a limit.
        """
        if self.kind is MessageKind.SMS:
            return self
        local, _, host = self.identity.rpartition("@")
        local = local.partition("+")[0] or local
        if host in _GOOGLE:
            local, host = local.replace(".", ""), _GOOGLE[0]
        return msgspec.structs.replace(self, identity=f"{local}@{host}")

    @property
    def _parsed(self) -> phonenumbers.PhoneNumber:
        return phonenumbers.parse(self.text)


def is_region(text: str) -> bool:
    """Whether a text is a region that phone numbers can be read in: two capital letters such as CN."""
    return _REGION.fullmatch(text) is not None and phonenumbers.country_code_for_region(text) != 0


def phone(given: str, region: str = "") -> Recipient:
    """A phone number.

    Args:
        given: the number as a system sends it. A leading blank before a digit is a plus that was lost in a form or a
            query, where it means a blank.
        region: the country of numbers without a country code, such as CN; "" for none.

    Raises:
        Invalid: it is not a phone number. The text does not repeat it.
    """
    text = "+" + given[1:] if _LOST_PLUS.match(given) else given.strip()
    text = unicodedata.normalize("NFKC", text) if len(text) <= _LONGEST_PHONE else ""
    if _DIALLED.fullmatch(text) is None:
        raise Invalid("is not a phone number", _PHONE)
    if not text.startswith("+") and not region:
        raise Invalid("has no country code: send the number in the form +8613800138000, or configure a region", _PHONE)
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        raise Invalid("is not a phone number", _PHONE) from None
    # A national number may begin with a carrier's code, which is removed. What is left of arbitrary digits could be
    # another person's number, so it has to be one of the country's numbering plan.
    whole = text.startswith("+") or re.sub(r"\D", "", text) == phonenumbers.national_significant_number(number)
    if not phonenumbers.is_possible_number(number) or not (whole or phonenumbers.is_valid_number(number)):
        raise Invalid("is not a phone number of its country", _PHONE)
    normal = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Recipient(MessageKind.SMS, normal, normal)


def email(given: str) -> Recipient:
    """An e-mail address. Its identity ignores case, as nearly all mail servers do.

    Raises:
        Invalid: it is not an e-mail address. The text does not repeat it.
    """
    local, at, domain = given.strip().rpartition("@")
    if not at or not may_be_encoded(domain) or len(local) > _LONGEST_LOCAL_PART or _LOCAL_PART.fullmatch(local) is None:
        raise Invalid("is not an e-mail address", _EMAIL)
    if not domain.isascii() and _is_read_two_ways(domain):
        raise Invalid("has a domain that mail servers encode in two ways; send it in its ASCII form, xn--…", _EMAIL)
    try:
        # Names outside of ASCII are looked up in this form (RFC 3490).
        host = domain.encode("idna").decode().lower()
    except UnicodeError:
        raise Invalid("is not an e-mail address", _EMAIL) from None
    labels = host.split(".")
    fitting = len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)
    if not fitting or len(local) + len(host) + 1 > _LONGEST_ADDRESS:
        raise Invalid("is not an e-mail address", _EMAIL)
    return Recipient(MessageKind.EMAIL, f"{local}@{host}", f"{local}@{host}".lower())


def _is_read_two_ways(domain: str) -> bool:
    """Whether RFC 3490, by which `encode("idna")` reads a domain, and UTS 46 and RFC 5891 make two domains of it.

    RFC 3490 is bound to Unicode 3.2. It passes later characters on as they are, capitals too, and later versions
    correct the normalisation of five ideographs (Corrigendum 4).
    """
    # Compared after NFKC, because mail servers replace compatibility characters by their plain letters.
    today = unicodedata.normalize("NFKC", domain)
    return (
        any(map(in_table_a1, domain))
        or unicodedata.ucd_3_2_0.normalize("NFKC", domain) != today
        or _READ_TWO_WAYS.search(today) is not None
        # A dot that is a part of another character, such as that of U+2024, divides no labels in UTS 46.
        or today.count(".") != domain.count(".") + domain.count("\uff0e")
    )


def recipient(kind: MessageKind, given: str, region: str = "") -> Recipient:
    """The recipient of a message of this kind; see `phone` and `email`."""
    return phone(given, region) if kind is MessageKind.SMS else email(given)


def user_ids(keyring: Keyring, site: str, recipient: Recipient) -> list[str]:
    """The user ids that stand for a recipient on one site: under the current master key, then under previous ones.

    An id under a previous key counts as long as it is bound, so that a binding survives the replacement of the master
    key. Another site has other ids for the same recipient.
    """
    return [_user_id(master, site, recipient) for master in keyring.newest_first]


def is_recipient_id(user: str) -> bool:
    """Whether a user id stands for a recipient, of whatever site and master key (`fragments/recipient_proof.lua`)."""
    return _ID.fullmatch(user) is not None


def _user_id(master: MasterKey, site: str, recipient: Recipient) -> str:
    said = f"{site}\0{recipient.kind.value}\0{recipient.identity}".encode()
    digest = hmac.digest(master.derive("recipient"), said, sha256)[:_HASH_BYTES]
    return _PREFIXES[recipient.kind] + base32(digest)
