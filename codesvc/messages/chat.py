"""Chat messages about intents, logins, bindings and tickets (DESIGN rules 5 and 10).

Everything in them comes from the configuration, from a closed list, or is masked: the site's name, the reference, the
device family, part of the address, the first and last characters of a user. The display name that a site gave for a
user is in messages to the WeChat account that is bound to it, or that has just confirmed, and in no others. In a
conflict, the other user or the other WeChat account is never named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

from codesvc.domain.account_kinds import Right
from codesvc.domain.binding import MOST_USERS
from codesvc.domain.clock import whole_minutes
from codesvc.domain.display_name import recognisable
from codesvc.domain.masking import shown_user
from codesvc.domain.record import Fixed
from codesvc.messages.composer import field_date, spoken_date
from codesvc.messages.templates import wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesvc.domain.intent import Intent
    from codesvc.domain.signed_links import Links
    from codesvc.messages.message_fields import MessageFields
    from codesvc.messages.templates import Templates
    from codesvc.sites.directory import AccountEntry, Directory, SiteEntry

_MOST_CHOICES: Final = 9
_TAPS: Final = {"yes": "确认", "no": "不是我"}


class NoticeSubject(msgspec.Struct, frozen=True, omit_defaults=True):
    """The subject of a notice, as the scripts store it.

    Attributes:
        site: the site's name in the configuration.
        user: the user whose binding it is about.
        now: time of the event, ms, as text.
        reference: reference of the intent, "" if there is none.
        fixed: the intent's `Fixed`, as JSON.
        box: the whole message, sealed (`codesvc.domain.sealed_content`), if it was rendered earlier.
        display: the name under which the person recognises the user, "" for none.
    """

    site: str = ""
    user: str = ""
    now: str = "0"
    reference: str = ""
    fixed: str = "{}"
    box: bytes = b""
    display: str = ""


def tap_reply(answer: str | int) -> str:
    """A link that sends an answer as the person's own message when it is tapped (KINDS.md section 6).

    It is read by its words, as if they had been typed. The number has to be there and means nothing.

    Args:
        answer: `yes`, `no`, or the number of a choice.
    """
    words = _TAPS.get(str(answer), str(answer))
    return f'<a href="weixin://bizmsgmenu?msgmenucontent={quote(words, safe="")}&msgmenuid=1">{words}</a>'


class ChatComposer:
    """Renders these messages."""

    def __init__(
        self,
        templates: Templates,
        directory: Directory,
        links: Links,
        account_fields: Mapping[str, dict[str, MessageFields]],
    ) -> None:
        self._templates = templates
        self._directory = directory
        self._links = links
        self._fields = account_fields

    def phrase(self, name: str, account: AccountEntry, **variables: Any) -> str:
        """A message without a verification or intent; in Chinese, because the person's language is not known."""
        return self._templates.chat(wording(name, account), "zh", {"account": account.config.name, **variables})

    def limited(self, account: AccountEntry, wait_ms: int) -> str:
        """The answer to a request that a limit refuses for so long."""
        return self.phrase("limited", account, minutes=whole_minutes(wait_ms))

    def intent(self, name: str, intent: Intent, *, by_reply: bool = True) -> str:
        """A message about an intent or login. With `by_reply`, a reply in the chat can decide it.

        The link to a page stands in it where that page can prove who opens it, by web authorisation.
        """
        site = self._directory.sites[intent.site]
        variables = self._variables(site, intent.recognisable_user, intent.now, intent.fixed, intent.reference)
        provable = site.account.config.may(Right.WEB_AUTHORISATION)
        variables |= {
            "link": self._links.ask_url(site.account.name, site.name, intent.id) if provable else "",
            "choices": list(intent.recognisable_choices[:_MOST_CHOICES]),
            "minutes": whole_minutes(intent.expires - intent.now),
            "conflict": intent.conflict,
            "most": MOST_USERS if site.config.users_per_wechat == "many" else 1,
            "by_reply": by_reply,
            "tap": tap_reply if by_reply and site.account.config.tap_replies else None,
            "app": intent.oidc is not None,
            "host": intent.oidc.host if intent.oidc else "",
            "welcome": intent.oidc.visitors if intent.oidc else False,
            "binds": intent.oidc.binds if intent.oidc else False,
        }
        if intent.oidc is not None:
            variables["site"] = intent.oidc.spoken_with(variables["site"], intent.fixed.locale)
        return self._templates.chat(wording(name, site.account), intent.fixed.locale, variables)

    def login_code(self, site: SiteEntry, code: str, minutes: int) -> str:
        """A code of wechat-server's protocol, in Chinese. It stands first and alone, because people copy it."""
        name = site.config.name.spoken("zh")
        return self._templates.chat("login_code", "zh", {"site": name, "code": code, "minutes": minutes})

    def tickets(self, name: str, account: str, rows: Sequence[tuple[str, str, str, str]], minutes: int) -> str:
        """A message with links to tickets, in Chinese; a row is (ticket, site, user or "", its display name)."""
        listed = [
            {
                "site": self._directory.sites[site].config.name.spoken("zh"),
                "user": recognisable(user, display) if user else "",
                "url": self._links.ticket_url(account, ticket),
            }
            for ticket, site, user, display in rows
        ]
        return self._templates.chat(name, "zh", {"rows": listed, "minutes": minutes})

    def notice(self, name: str, about: NoticeSubject) -> str:
        """A message about a changed binding."""
        variables = self._notice_variables(about, recognisable(about.user, about.display) if about.user else "")
        return self._templates.chat(name, self._fixed(about).locale, variables)

    def notice_fields(self, account: AccountEntry, name: str, about: NoticeSubject) -> dict[str, str]:
        """The same message as the fields of a template message, where only a masked user surely fits."""
        variables = self._notice_variables(about, shown_user(about.user) if about.user else "")
        # WeChat takes dates of other forms than a chat text has.
        variables["now_at"] = field_date(int(about.now), variables["locale"])
        return self._fields[account.name][name].filled(variables)

    @staticmethod
    def _fixed(about: NoticeSubject) -> Fixed:
        return msgspec.json.decode(about.fixed, type=Fixed)

    def _notice_variables(self, about: NoticeSubject, user: str) -> dict[str, Any]:
        site = self._directory.sites[about.site]
        return self._variables(site, user, int(about.now), self._fixed(about), about.reference)

    @staticmethod
    def _variables(site: SiteEntry, user: str, now: int, fixed: Fixed, reference: str) -> dict[str, Any]:
        return {
            "site": site.config.name.spoken(fixed.locale),
            "account": site.account.config.name,
            "user": user,
            "now_at": spoken_date(now, fixed.locale),
            "reference": reference,
            "agent": fixed.agent,
            "place": fixed.place,
            "locale": fixed.locale,
        }
