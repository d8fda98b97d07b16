"""The options of the configuration, from the settings' classes and `config.example.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args, get_origin, get_type_hints

from codesvc.config.constraints import Among, Between
from codesvc.config.settings import Settings
from codesvc.config.snapshot import FIXED
from codesvc.config.structure import options
from codesvc.domain.limits import UNITS, Rate
from codesvc.domain.secret import Secret
from docs.reference.words import ROOT, WORDS, Unwritten, anchor, choice, pick, told

FIRST: Final = "0.1"
"""The release since which an option exists that says nothing else."""


class Option(NamedTuple):
    """One option of the configuration.

    Attributes:
        table: the header of its table in the file; "" at the top.
        path: its path with `*` for names that are free.
        hint: its annotation.
        default: its default; MISSING if it is required.
    """

    table: str
    path: str
    hint: Any
    default: Any

    @property
    def name(self) -> str:
        """The option without its table."""
        return self.path.rpartition(".")[2]


def settings() -> list[Option]:
    """Every option, in the order of the settings' classes."""
    return list(_options(Settings, "", ""))


def _options(cls: type, table: str, path: str) -> Iterator[Option]:
    hints = get_type_hints(cls, include_extras=True)
    later: list[tuple[type, str, str]] = []
    for name, each in options(cls).items():
        kind, many = _table_in(hints[name])
        below = f"{path}{name}"
        if kind is None:
            default = each.default if each.default_factory is MISSING else each.default_factory()
            yield Option(table, below, hints[name], default)
        elif many == "names":
            later.append((kind, f"[{_inner(table, name)}.{_NAMES.get(name, 'NAME')}]", f"{below}.*."))
        elif many == "list":
            later.append((kind, f"[[{_inner(table, name)}]]", f"{below}."))
        else:
            later.append((kind, f"[{_inner(table, name)}]", f"{below}."))
    for kind, header, below in later:
        yield from _options(kind, header, below)


_NAMES: Final = {"messages": "MESSAGE", "purposes": "PURPOSE"}


def _inner(table: str, name: str) -> str:
    return f"{table.strip('[]')}.{name}" if table else name


def _table_in(hint: Any) -> tuple[type | None, str]:
    """The class of settings that an annotation is about, and whether there are many of it: by name, or in a list."""
    if get_origin(hint) is Annotated:
        return _table_in(get_args(hint)[0])
    parts = get_args(hint)
    if get_origin(hint) is Mapping and is_dataclass(parts[1]):
        return parts[1], "names"
    if get_origin(hint) is tuple and is_dataclass(parts[0]) and parts[0] is not Rate:
        return parts[0], "list"
    found = next((each for each in (hint, *parts) if is_dataclass(each) and each.__name__ not in _VALUES), None)
    return found, ""


_VALUES: Final = {"LocalText", "Rate", "Secret"}


def type_of(hint: Any, language: str) -> str:
    """An annotation in words."""
    constraint: Any = None
    if get_origin(hint) is Annotated:
        constraint = next((each for each in hint.__metadata__ if isinstance(each, (Among, Between))), None)
        hint = get_args(hint)[0]
    parts = [each for each in get_args(hint) if each is not NoneType]
    origin = get_origin(hint)
    if isinstance(constraint, Among):
        return choice(constraint.words, language)
    if origin is Literal:
        return choice(parts, language)
    if origin in {tuple, frozenset}:
        inner = type_of(parts[0], language)
        return pick(language, f"列表：{inner}", f"list of: {inner}")
    if origin is Mapping:
        return pick(language, "表：名称和文字", "table of texts by name")
    if len(parts) > 1 and Mapping in {get_origin(each) for each in parts}:
        return pick(language, "文件名，或表", "name of a file, or a table")
    if len(parts) > 1 and "IPv4Network" in str(hint):
        return pick(language, "地址或网段", "address or network")
    if parts:
        return type_of(parts[0], language)
    return _plain(hint, constraint, language)


def _plain(hint: Any, constraint: Any, language: str) -> str:
    words = {
        int: ("整数", "integer"),
        float: ("数", "number"),
        bool: ("`true` 或 `false`", "`true` or `false`"),
        str: ("文字", "text"),
        Path: ("文件名", "file name"),
        Secret: ("文字，**密钥**", "text, **secret**"),
        Rate: ("频率，如 `5/hour`", "rate, such as `5/hour`"),
    }
    chinese, english = words.get(hint, ("文字", "text"))
    if getattr(hint, "__name__", "") == "LocalText":
        chinese, english = "文字，或 `{ zh = …, en = … }`", "text, or `{ zh = …, en = … }`"
    if "Network" in str(hint):
        chinese, english = "地址或网段", "address or network"
    if isinstance(constraint, Between):
        low, high = f"{constraint.low:,}", f"{constraint.high:,}"
        return pick(language, f"{chinese}，{low} 至 {high}", f"{english}, {low} to {high}")
    return pick(language, chinese, english)


def default_of(option: Option, language: str) -> str:
    """A default as it would be written, or that there is none."""
    value = option.default
    if value is MISSING:
        return pick(language, "必填", "required")
    if value is None:
        return pick(language, "默认：无", "default: none")
    return pick(language, "默认：", "default: ") + f"`{_written(value)}`"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, Rate):
        unit = {seconds: name for name, seconds in UNITS.items()}.get(value.seconds)
        return f'"{value.count}/{unit}"' if unit else f'"{value.count}/{value.seconds // 86_400}d"'
    if isinstance(value, (tuple, frozenset)):
        if len(value) > _MOST_SHOWN:
            return "[…]"
        return f"[{', '.join(_written(each) for each in value)}]"
    if isinstance(value, Mapping):
        return "{}" if not value else "{…}"
    return f'"{value}"'


_MOST_SHOWN: Final = 4


def takes_effect(path: str, language: str) -> str:
    """Whether a change is taken over by a reload or waits for a restart."""
    fixed = any(path == ".".join(each) or path.startswith(".".join(each) + ".") for each in FIXED)
    return pick(language, "改后重启", "restart") if fixed else pick(language, "改后重载", "reload")


def example_of(option: Option) -> str:
    """A line of a configuration file that sets the option.

    Raises:
        Unwritten: neither config.example.toml nor the catalogue has one.
    """
    words = WORDS["config"].get(option.path, {})
    if "example" in words:
        return str(words["example"])
    wanted = option.table.replace("MESSAGE", "code").replace(
        "NAME", _SHOWN_NAMES.get(option.path.split(".")[0], "NAME")
    )
    place = ""
    for line in (ROOT / "config.example.toml").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"(?:# )?(\[.+\])(?:\s*#.*)?$", line):
            place = found[1]
        found = re.match(rf"(?:# )?\s*({re.escape(option.name)} = (?:\".*?\"|\[.*?\]|\{{.*?\}}|[^\s#]+))", line)
        if found and (place == wanted or ("PURPOSE" in wanted and place.startswith(wanted.split("PURPOSE")[0]))):
            return found[1]
    raise Unwritten(f'docs/reference/catalogue.toml: [config] "{option.path}" needs an example')


_SHOWN_NAMES: Final = {"accounts": "main", "sites": "shop", "admin": "lan"}
_SHOWN_GATEWAYS: Final = {
    "signed": "main",
    "shaped": "own",
    "smtp": "mail",
    "aliyun": "ali",
    "tencent": "qq",
    "twilio": "tw",
}


def _written_table(option: Option) -> str:
    """The header of an option's table with the names of config.example.toml, and an end of line; nothing at the top."""
    if not option.table:
        return ""
    parts = option.table.strip("[]").split(".")
    for place, part in enumerate(parts):
        before = parts[place - 1]
        if part == "NAME" and before == "gateways":
            parts[place] = _SHOWN_GATEWAYS[parts[place + 1]]
        elif part == "NAME":
            parts[place] = "logto" if before == "inbound" else _SHOWN_NAMES[parts[0]]
    header = ".".join(parts).replace("MESSAGE", "code").replace("PURPOSE", "register")
    return f"[[{header}]]\n" if option.table.startswith("[[") else f"[{header}]\n"


def _title(table: str, language: str) -> str:
    return f"`{table}`" if table else pick(language, "文件开头", "At the top of the file")


def _index_line(table: str, language: str) -> str:
    """A link to a table's options, and what they are about."""
    about = told("tables", anchor(table) or "top", language)
    return f"[{_title(table, language)}](#{anchor(table) or 'top'}){pick(language, '：', ': ')}{about}"


def option_anchor(option: Option) -> str:
    """The name of an option's heading, which is not that of a table: `[sites.NAME]` has the option `name`."""
    found = anchor(option.path)
    return f"{found}-option" if found in {anchor(each.table) for each in settings()} else found


def configuration(language: str) -> Iterator[str]:
    """The page of the options, after an index of their tables."""
    tables = dict.fromkeys(option.table for option in settings())
    yield "\n".join(f"- {_index_line(table, language)}" for table in tables)
    table = None
    for option in settings():
        if option.table != table:
            table = option.table
            yield f"## {_title(table, language)} {{#{anchor(table) or 'top'}}}"
        since = WORDS["config"].get(option.path, {}).get("since", FIRST)
        facts = [type_of(option.hint, language), default_of(option, language), takes_effect(option.path, language)]
        facts.append(pick(language, f"自 {since} 起", f"since {since}"))
        yield f"### `{option.name}` {{#{option_anchor(option)}}}"
        yield f"{told('config', option.path, language)}  \n{' · '.join(facts)}"
        yield f"```toml\n{_written_table(option)}{example_of(option)}\n```"
