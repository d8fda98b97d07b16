"""The text that `codesvc init` prints at the end: the files that were written, and the next steps in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from codesvc.cli.initial_configuration import ACCOUNT, CONFIG, PORT, SECRETS, api_key_file
from codesvc.domain.account_kinds import AccountKind
from codesvc.domain.service_address import ServiceAddress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.cli.initial_configuration import Answers, InitialConfiguration
    from codesvc.web.texts import Speech

_FILES: Final = (
    "master-key",
    "oidc-subject-key",
    "app-secret",
    "callback-token",
    "callback-aes-key",
    "api-key",
    "password",
)


def steps(answers: Answers, made: InitialConfiguration, words: Speech, *, enter: str = "") -> str:
    """The whole text.

    Args:
        answers: the operator's answers to the questions of `codesvc init`.
        made: the configuration, secrets and pictures that were written.
        words: the texts in the operator's language.
        enter: the shell command that changes to the configuration's directory; "" if it is the current directory.
    """
    return "\n".join(_lines(answers, made, words, enter))


def _lines(answers: Answers, made: InitialConfiguration, words: Speech, enter: str) -> Iterator[str]:
    yield words("written", config=CONFIG, directory=SECRETS)
    for name in sorted(made.files):
        about = next(kind for kind in _FILES if name.startswith(f"{SECRETS}/{kind}"))
        yield f"  {name:<30} {words(f'file.{about}')}"
    for name in made.pictures:
        yield f"  {name:<30} {words('file.picture')}"
    yield ""
    parts = _sandbox(answers, words) if answers.sandbox else _live(answers, made, words)
    for number, (title, lines) in enumerate(parts, 1):
        yield f"{number}. {title}"
        if number == 1 and enter:
            yield f"     {enter}"
        yield from (f"   {line}" for line in lines)
        yield ""
    url = ServiceAddress(answers.public_url).url("/admin")
    yield words("admin" if answers.sandbox else "admin.live", url=url, operator=answers.operator)
    yield f"  {words('admin.password', file=f'{SECRETS}/password-{answers.operator}')}"
    yield words("key", file=api_key_file(answers.site), site=answers.site)


def _send(answers: Answers, words: Speech) -> tuple[str, list[str]]:
    return words("step.send"), [
        f"  codesvc send --config {CONFIG} --site {answers.site} --purpose register --user first-try",
        words(f"send.{'keyword' if answers.by_keyword else 'scan'}.{'sandbox' if answers.sandbox else 'live'}"),
    ]


def _sandbox(answers: Answers, words: Speech) -> Iterator[tuple[str, list[str]]]:
    kind_option = "" if answers.kind is AccountKind.VERIFIED_SERVICE else f" --kind {answers.kind}"
    yield words("step.sandbox"), [f"  codesvc sandbox{kind_option}"]
    yield words("step.serve"), [f"  codesvc serve --config {CONFIG}"]
    yield words("step.check"), [f"  codesvc check --config {CONFIG}", words("check.sandbox")]
    yield _send(answers, words)


def _live(answers: Answers, made: InitialConfiguration, words: Speech) -> Iterator[tuple[str, list[str]]]:
    host = urlsplit(answers.public_url).hostname or ""
    callback = ServiceAddress(answers.public_url).url(f"/wechat/{ACCOUNT}")
    secret = [words("secret.there")] if answers.app_secret else [words("secret.later", file=f"{SECRETS}/app-secret")]
    console = "test" if answers.kind is AccountKind.TEST else "service"
    where = words(f"where.{console}")
    yield (
        words("step.credentials", where=where),
        [*secret, *([words("whitelist")] if console == "service" else [])],
    )
    yield words("step.proxy", host=host), [words("proxy", port=PORT)]
    yield (
        words("step.serve"),
        [f"  codesvc serve --config {CONFIG}", *([] if answers.app_secret else [words("serve.secret")])],
    )
    lines = [f"  URL              {callback}", f"  Token            {made.files[f'{SECRETS}/callback-token']}"]
    if console == "service":
        lines += [f"  EncodingAESKey   {made.files[f'{SECRETS}/callback-aes-key']}", f"  {words('mode')}"]
    yield words("step.callback", where=words(f"callback.{console}")), [*lines, words("callback.submit")]
    if not answers.by_keyword:
        yield words("step.domain"), [words("domain", host=host)]
    template = "check.keyword" if answers.by_keyword else "check.template"
    yield words("step.check"), [f"  codesvc check --config {CONFIG}", words("check.before"), words(template)]
    yield _send(answers, words)
