"""Rules for a site's keywords in the chat.

All sites of an account receive the same chat messages. So a keyword must not be a word that answers a question, nor a
keyword of another site: people who write it there would get a link that they did not ask for.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from codesvc.config.faults import Fault
from codesvc.config.partial import UnsoundError
from codesvc.config.settings import Chat, Site
from codesvc.domain.chat_text import is_answer, plain_word

_WISHES = ("bind", "reset")
_OF_ALL = {(wish, plain_word(word)) for wish in _WISHES for word in getattr(Chat(), f"{wish}_keywords")}
"""The keywords that every site may have: whoever writes one of them gets a link for each site."""


def word_faults(site: Site, others: Iterable[tuple[str, Site]]) -> Iterator[Fault]:
    """What is wrong with the keywords of a site.

    Args:
        site: the site; of a `Draft` the valid options are checked.
        others: the other sites, with their names; those of other accounts do not count.
    """
    own = list(_words(site))
    for path, _, word in own:
        if is_answer(word):
            yield Fault(path, f'holds "{word}", by which people answer a question in the chat')
    for name, other in others:
        taken = {plain_word(word): wish for _, wish, word in _words(other)} if _account(other) == site.account else {}
        for path, wish, word in own:
            plain = plain_word(word)
            if plain in taken and not (taken[plain] == wish and (wish, plain) in _OF_ALL):
                yield Fault(path, f'holds "{word}", which asks for something of sites.{name}; both share an account')


def _words(site: Site) -> Iterator[tuple[tuple[str, str], str, str]]:
    """The option, the request and the keyword, of all keywords that are in use."""
    for wish in _WISHES:
        with suppress(UnsoundError):
            chat: Any = site.chat
            if getattr(chat, f"{wish}_url") is not None:
                yield from ((("chat", f"{wish}_keywords"), wish, word) for word in getattr(chat, f"{wish}_keywords"))
    with suppress(UnsoundError):
        if site.wechat_server is not None:
            yield from ((("wechat_server", "keywords"), "code", word) for word in site.wechat_server.keywords)


def _account(site: Site) -> str:
    with suppress(UnsoundError):
        return site.account
    return ""
