"""The words of a site that people write to its account, beside those of the account's other sites.

All sites of an account hear the same messages. A word that answers a question, or that another site's people know, is
not a site's to take: what they write would be answered by a link that they did not ask for.
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
"""The words that every site may have: who writes one of them gets a link for each site."""


def word_faults(site: Site, others: Iterable[tuple[str, Site]]) -> Iterator[Fault]:
    """What is wrong with the words of a site.

    Args:
        site: the site; drafts are judged by their valid options.
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
    """The option, the wish and the word, of all words that are in use."""
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
