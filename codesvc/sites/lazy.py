"""Mappings that are filled when somebody asks: what ten thousand sites may cost nobody before they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from codesvc.sites.directory import AccountEntry

_T = TypeVar("_T")
_D = TypeVar("_D")


class Roster(Mapping[str, _T]):
    """Entries by name, each made when it is first looked up and kept until it is dropped.

    Args:
        make: the entry of a name, None where there is none.
        names: every name there is, also of entries that nobody has looked up.
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

    @property
    def made(self) -> list[_T]:
        """The entries that somebody has asked for."""
        return list(self._made.values())

    def drop(self, names: Iterable[str]) -> None:
        """Forget these entries: they are made anew when somebody asks."""
        for name in names:
            self._made.pop(name, None)


class PerAccount(Mapping[str, _T]):
    """What belongs to each account by its name, made when it is first wanted, and anew after a change.

    Args:
        accounts: the accounts there are.
        make: what belongs to one.
        of_config: depends on the account's own settings only, and outlives a change of its sites.
    """

    def __init__(
        self, accounts: Mapping[str, AccountEntry], make: Callable[[AccountEntry], _T], *, of_config: bool = False
    ) -> None:
        self._accounts = accounts
        self._make = make
        self._of_config = of_config
        self._kept: dict[str, tuple[object, _T]] = {}

    def __getitem__(self, name: str) -> _T:
        account = self._accounts[name]
        basis: object = account.config if self._of_config else account
        kept = self._kept.get(name)
        if kept is None or kept[0] is not basis:
            kept = self._kept[name] = (basis, self._make(account))
        return kept[1]

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in self._kept if name in self._accounts])

    def __len__(self) -> int:
        return sum(1 for _ in self)
