"""Values that are made on first use: of ten thousand sites, few are in use at a time."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from codesvc.sites.registry.contents import Contents

_T = TypeVar("_T")
_D = TypeVar("_D")
_E = TypeVar("_E")


class LazyEntries(Mapping[str, _T]):
    """Entries by name. Each is made when it is first looked up, and kept until it is dropped.

    Args:
        make: makes the entry of a name; None if there is no such entry.
        names: lists every name, including those that have not been looked up.
    """

    def __init__(self, make: Callable[[str], _T | None], names: Callable[[], Iterable[str]]) -> None:
        self._make = make
        self._names = names
        self._made: dict[str, _T] = {}

    @overload
    def get(self, name: str, default: None = None, /) -> _T | None: ...
    @overload
    def get(self, name: str, default: _D, /) -> _T | _D: ...
    def get(self, name: str, default: Any = None, /) -> Any:
        """The entry, or `default`."""
        found = self._made.get(name)
        if found is None:
            found = self._make(name)
            if found is None:
                return default
            self._made[name] = found
        return found

    def __getitem__(self, name: str) -> _T:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return sum(1 for _ in self._names())

    def values(self) -> ValuesView[_T]:
        """The entries that can be used. The names of the others are left out without an error."""
        return _ValuesThatExist(self)

    def items(self) -> ItemsView[str, _T]:
        """As `values`, with their names."""
        return _ItemsThatExist(self)

    @property
    def made(self) -> list[_T]:
        """The entries that have been looked up."""
        return list(self._made.values())

    def drop(self, names: Iterable[str]) -> None:
        """Drop these entries. They are made again on the next look-up."""
        for name in names:
            self._made.pop(name, None)


class _ValuesThatExist(ValuesView[_T]):
    _mapping: Mapping[str, _T]

    def __iter__(self) -> Iterator[_T]:
        return (found for name in self._mapping if (found := self._mapping.get(name)) is not None)


class _ItemsThatExist(ItemsView[str, _T]):
    _mapping: Mapping[str, _T]

    def __iter__(self) -> Iterator[tuple[str, _T]]:
        return ((name, found) for name in self._mapping if (found := self._mapping.get(name)) is not None)


class PerEntry(Mapping[str, _T], Generic[_E, _T]):
    """A value for each entry of a mapping, made on first look-up, and made again after the entry has changed.

    Args:
        entries: the entries, by name.
        make: makes the value of one entry.
        basis: the part of an entry that its value depends on; the whole entry by default.
    """

    def __init__(
        self, entries: Mapping[str, _E], make: Callable[[_E], _T], basis: Callable[[_E], object] = lambda entry: entry
    ) -> None:
        self._entries = entries
        self._make = make
        self._basis = basis
        self._kept: dict[str, tuple[object, _T]] = {}

    def __getitem__(self, name: str) -> _T:
        entry = self._entries[name]
        basis = self._basis(entry)
        kept = self._kept.get(name)
        if kept is None or kept[0] is not basis:
            kept = self._kept[name] = (basis, self._make(entry))
        return kept[1]

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in self._kept if name in self._entries])

    def __len__(self) -> int:
        return sum(1 for _ in self)


class PerText(Generic[_T]):
    """Cache of parsed registry entries. Each is decrypted and read once, and again after its text has changed.

    Args:
        read: reads a table, by the entry's name; None if it means nothing.
    """

    def __init__(self, read: Callable[[str, dict[str, Any]], _T | None]) -> None:
        self._read = read
        self._known: dict[str, tuple[str, _T]] = {}

    def get(self, kept: Contents, name: str) -> _T | None:
        """The meaning of an entry; None if there is no such entry, or it cannot be decrypted or read."""
        text = kept.texts.get(name)
        if text is None:
            return None
        known = self._known.get(name)
        if known is None or known[0] is not text:
            table = kept.open(name)
            found = self._read(name, table) if table is not None else None
            if found is None:
                return None
            known = self._known[name] = (text, found)
        return known[1]
