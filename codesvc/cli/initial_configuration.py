"""The first configuration of an operator: its values, its secrets and the text of `config.toml`. No I/O.

Secrets are random and stand in files of their own; the configuration contains file names and hashes only.
"""

import base64
import json
import secrets
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from codesvc.config.api_keys import hash_line, new_key
from codesvc.config.master_key import weakness
from codesvc.domain.account_kinds import AccountKind, Right
from codesvc.domain.passwords import NOBODY, new_password, password_line
from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID, DEFAULT_ACCOUNT
from codesvc.sandbox.identifiers import profile_url
from codesvc.sandbox.qr_jpeg import draw_jpeg

CONFIG: Final = "config.toml"
SECRETS: Final = "secrets"
ACCOUNT: Final = "main"
SANDBOX_URL: Final = "http://127.0.0.1:8081"
SANDBOX_SERVICE_URL: Final = "http://127.0.0.1:8080"
PORT: Final = 8080
_LETTERS: Final = string.ascii_letters + string.digits
_TOKEN, _AES_KEY = 32, 43  # characters (WECHAT.md 9.1)
_LOCAL_PORTS: Final = (3000, 5000, 8000)
QR_PICTURE: Final = "qrcode.jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the operator decides.

    Attributes:
        public_url: how browsers and WeChat reach the service.
        name: the name of the account, as people know it.
        site: the site's name in the configuration and in its API key.
        site_name: the site's name as people know it.
        operator: who may sign in under /admin.
        app_secret: WeChat's AppSecret, "" if it comes later.
        sandbox: whether the account is that of `codesvc sandbox`.
    """

    kind: AccountKind
    public_url: str
    appid: str
    name: str
    site: str
    site_name: str
    origins: tuple[str, ...]
    operator: str
    app_secret: str = field(default="", repr=False)
    sandbox: bool = False

    @property
    def by_keyword(self) -> bool:
        """Whether the account has no QR codes, so that codes come by keyword."""
        return Right.QR_CODES not in self.kind.rights

    @property
    def plaintext(self) -> bool:
        """Whether callbacks come unencrypted: WeChat's test account has no EncodingAESKey, the sandbox's has."""
        return self.kind is AccountKind.TEST and not self.sandbox


@dataclass(frozen=True, slots=True)
class InitialConfiguration:
    """Everything that `codesvc init` writes.

    Attributes:
        text: the text of `config.toml`.
        files: the secrets, by file name below the configuration's directory.
        pictures: the pictures by file name, like `files`.
    """

    text: str
    files: dict[str, str] = field(repr=False)
    pictures: dict[str, bytes] = field(default_factory=dict, repr=False)


def api_key_file(site: str) -> str:
    """Where `codesvc init` keeps the site's API key, and where `codesvc send` looks for it."""
    return f"{SECRETS}/api-key-{site}"


def sandbox_answers(kind: AccountKind, site: str, site_name: str, operator: str) -> Answers:
    """The answers that fit `codesvc sandbox` with no option but `--kind`."""
    hosts = ("127.0.0.1", "localhost")
    return Answers(
        kind=kind,
        sandbox=True,
        public_url=SANDBOX_SERVICE_URL,
        appid=DEFAULT_ACCOUNT.appid,
        name=DEFAULT_ACCOUNT.name,
        site=site,
        site_name=site_name,
        origins=tuple(f"http://{host}:{port}" for host in hosts for port in _LOCAL_PORTS),
        operator=operator,
        app_secret=DEFAULT_ACCOUNT.secret,
    )


def initial_configuration(answers: Answers) -> InitialConfiguration:
    """Make the secrets and the text.

    Raises:
        ValueError: the site's name cannot be part of a key.
    """
    sandbox = answers.sandbox
    key = new_key(answers.site, secrets.token_bytes(32))
    password = new_password()
    files = {
        f"{SECRETS}/master-key": _master_key(),
        f"{SECRETS}/oidc-subject-key": _master_key(),
        f"{SECRETS}/app-secret": answers.app_secret,
        f"{SECRETS}/callback-token": DEFAULT_ACCOUNT.token if sandbox else _random(_TOKEN),
        api_key_file(answers.site): key,
        f"{SECRETS}/password-{answers.operator}": password,
    }
    if not answers.plaintext:
        files[f"{SECRETS}/callback-aes-key"] = DEFAULT_ACCOUNT.aes_key if sandbox else _random(_AES_KEY)
    password_hash = password_line(password, secrets.token_bytes(16))
    pictures = {QR_PICTURE: draw_jpeg(profile_url(DEFAULT_ACCOUNT.original_id))} if _has_picture(answers) else {}
    return InitialConfiguration("\n".join(_lines(answers, hash_line(key), password_hash)) + "\n", files, pictures)


def _has_picture(answers: Answers) -> bool:
    """Whether the account's own QR code is shown and known: a live account's comes from WeChat's console."""
    return answers.sandbox and answers.by_keyword


def _lines(answers: Answers, key_hash: str, password_hash: str) -> Iterator[str]:
    yield "# Made by `codesvc init`. Every option stands in config.example.toml; file names are relative to this file."
    if answers.sandbox:
        yield 'mode = "test"   # the sandbox and plain http are allowed'
    yield from ("", "[service]", _line("public_url", answers.public_url), f"port = {PORT}")
    if answers.public_url.startswith("https://"):
        yield 'trusted_proxies = ["127.0.0.1", "::1"]   # the TLS proxy, which sets X-Forwarded-For'
    yield from ("", "[secrets]", f'master_key_file = "{SECRETS}/master-key"')
    yield from ("", "[oidc]", f'subject_key_file = "{SECRETS}/oidc-subject-key"   # never change it')
    yield from ("", f"[admin.operators.{answers.operator}]", f"password = {_quoted(password_hash)}")
    yield from ("", f"[accounts.{ACCOUNT}]", f"appid = {_quoted(answers.appid)}", f"name = {_quoted(answers.name)}")
    if answers.kind is not AccountKind.VERIFIED_SERVICE:
        yield _line("kind", answers.kind) + "   # what WeChat lets it do: docs/en/account-kinds.md"
    yield f'secret_file = "{SECRETS}/app-secret"'
    yield f'token_file = "{SECRETS}/callback-token"'
    if answers.plaintext:
        yield 'callback = "plaintext"   # a test account has no EncodingAESKey'
        yield "allow_plaintext = true   # anyone who has seen one callback can forge others: for trials only"
    else:
        yield f'aes_key_file = "{SECRETS}/callback-aes-key"'
    if answers.sandbox:
        yield from (f'original_id = "{DEFAULT_ACCOUNT.original_id}"', f'api_url = "{SANDBOX_URL}"')
        yield f'open_url = "{SANDBOX_URL}"'
        if Right.TEMPLATE in answers.kind.rights:
            yield f'messages.code.template_id = "{CATEGORY_TEMPLATE_ID}"'
    if _has_picture(answers):
        yield _line("qr_picture", QR_PICTURE) + "   # the account's own QR code, for following it"
    yield from ("", f"[sites.{answers.site}]", f"name = {_quoted(answers.site_name)}", f'account = "{ACCOUNT}"')
    yield f"origins = [{', '.join(map(_quoted, answers.origins))}]"
    # A table, so that the next key can follow as `codesvc keys new` prints it: an array in brackets takes no table.
    yield from ("", *key_lines(f"sites.{answers.site}.keys", "server", key_hash, ("verify", "bindings")))


def key_lines(table: str, name: str, key_hash: str, scopes: tuple[str, ...]) -> Iterator[str]:
    """An API key as a table of its own, which may stand at the end of a configuration."""
    yield f"[[{table}]]"
    yield from (_line("name", name), _line("hash", key_hash), f"scopes = [{', '.join(map(_quoted, scopes))}]")


def _line(option: str, value: str) -> str:
    return f"{option} = {_quoted(value)}"


def _quoted(text: str) -> str:
    """A basic string of TOML; JSON's escapes are a part of TOML's, once DEL is escaped as well."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _master_key() -> str:
    """48 random bytes; about one in a hundred thousand looks typed, and is made again."""
    while True:
        key = base64.b64encode(secrets.token_bytes(48)).decode()
        if not weakness(key):
            return key


def document_of(answers: Answers) -> dict[str, Any]:
    """The answers as tables with harmless secrets, for checking the answers before anything is written."""
    return {
        "mode": "test" if answers.sandbox else "live",
        "service": {"public_url": answers.public_url},
        "secrets": {"master_key": _master_key()},
        "admin": {"operators": {answers.operator: {"password": NOBODY}}},
        "accounts": {
            ACCOUNT: {
                "appid": answers.appid,
                "name": answers.name,
                "secret": answers.app_secret or "0" * 32,
                "token": _random(_TOKEN),
                "aes_key": _random(_AES_KEY),
                **({"api_url": SANDBOX_URL} if answers.sandbox else {}),
            }
        },
        "sites": {
            answers.site: {
                "name": answers.site_name,
                "account": ACCOUNT,
                "origins": list(answers.origins),
                "keys": [{"name": "server", "hash": "sha256:" + "1a" * 32, "scopes": ["verify"]}],
            }
        },
    }
