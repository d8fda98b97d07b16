"""What is said in a message: the fields of its template message, and the text for the site's own gateway.

Names come from the configuration. The code and a ready text come from the site, which is authenticated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesvc.messages.composer import field_date, in_sentence, spoken_date
from codesvc.messages.message_fields import CODE, RENDER_ERRORS
from codesvc.wechat.template_fields import check_field, shown_part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.domain.message import Message
    from codesvc.domain.sealed_content import SealedContent
    from codesvc.messages.message_fields import MessageFields
    from codesvc.messages.templates import Templates
    from codesvc.sites.directory import Directory, SiteEntry


class RelayTexts:
    """Writes messages."""

    def __init__(
        self, templates: Templates, directory: Directory, account_fields: Mapping[str, dict[str, MessageFields]]
    ) -> None:
        self._templates = templates
        self._directory = directory
        self._fields = account_fields

    def fields(self, message: Message, content: SealedContent) -> dict[str, str] | None:
        """The fields of the account's template message; None if they would not show this code as it is.

        The templates were tried with the service's own codes. A foreign code may have another form, which a field's
        type refuses or cuts; a message without its code is worse than none.
        """
        site = self._directory.sites[message.site]
        compiled = self._fields[site.account.name].get(CODE)
        if compiled is None or not content.code:
            return None
        expires_at = field_date(message.expires, message.locale)
        if not message.reference:  # no page shows one beside the code, unless the site says so
            compiled = compiled.without_reference()
        variables = self._variables(site, message) | {
            "code": content.code,
            "expires_at": expires_at,
            "expires_time": expires_at.partition(" ")[2],
            "now_at": field_date(message.now, message.locale),
            "reference": message.reference,
        }
        try:
            filled = compiled.filled(variables)
        except RENDER_ERRORS:
            return None
        if any(check_field(key, value) for key, value in filled.items()):
            return None
        shown = (shown_part(key, value) for key, value in filled.items() if "code" in compiled.fields[key].names)
        return filled if any(content.code in value for value in shown) else None

    def text(self, message: Message, content: SealedContent) -> str:
        """The text for the gateway: the site's own, else ours."""
        return content.text or self._said("relay_text", message, content)

    def subject(self, message: Message, content: SealedContent) -> str:
        """The subject of an e-mail: the site's own, else ours."""
        return content.subject or self._said("relay_subject", message, content)

    def _said(self, name: str, message: Message, content: SealedContent) -> str:
        variables = self._variables(self._directory.sites[message.site], message)
        variables["purpose"] = in_sentence(variables["purpose"], message.locale)
        variables["expires_at"] = spoken_date(message.expires, message.locale)
        text = self._templates.chat(name, message.locale, variables | {"code": content.code})
        return " ".join(text.split()) if name == "relay_subject" else text

    @staticmethod
    def _variables(site: SiteEntry, message: Message) -> dict[str, Any]:
        policy = site.purpose(message.purpose)
        return {
            "site": site.config.name.spoken(message.locale),
            "purpose": policy.name.spoken(message.locale) if policy else message.purpose,
            "account": site.account.config.name,
            "minutes": message.minutes,
            "locale": message.locale,
            "agent": "",
            "place": "",
            "link": "",
        }
