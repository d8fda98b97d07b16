"""Calls of the hot path, put together once: most of what a start tells its script is the same for every start."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import hiredis

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codesvc.store.script import Script, type_of_argument


@dataclass(frozen=True, slots=True)
class Prepared:
    """One script with all that never changes in place: what varies is packed, the rest is bytes already.

    Attributes:
        script: which.
        partition: where its keys lie.
        keys: the keys that are always the same.
        args: the arguments that are always the same.
    """

    script: Script
    partition: int
    keys: Mapping[str, str]
    args: Mapping[str, type_of_argument]
    _varying_keys: Callable[[Mapping[str, str]], tuple[str, ...]]
    _varying_args: Callable[[Mapping[str, type_of_argument]], tuple[type_of_argument, ...]]
    _varying: tuple[int, int]
    _head: bytes
    _middle: bytes
    _tail: bytes

    @classmethod
    def of(
        cls,
        script: Script,
        partition: int,
        keys: Mapping[str, str],
        args: Mapping[str, type_of_argument],
        guard: Sequence[str] = (),
    ) -> Prepared:
        """Prepare a script; in its header what varies has to stand in front, of the keys and of the arguments.

        Raises:
            ValueError: it does not.
        """
        varying_keys = script.keys[: len(script.keys) - len(keys)]
        varying_args = script.args[: len(script.args) - len(args)]
        fixed_keys, fixed_args = script.keys[len(varying_keys) :], script.args[len(varying_args) :]
        if keys.keys() != set(fixed_keys) or args.keys() != set(fixed_args):
            raise ValueError(f"{script.name}: what varies has to stand in front of what does not")
        count = len(script.keys) + len(guard)
        words = 3 + count + len(script.args)
        return cls(
            script=script,
            partition=partition,
            keys=keys,
            args=args,
            _varying_keys=_picker(varying_keys),
            _varying_args=_picker(varying_args),
            _varying=(len(varying_keys), len(varying_args)),
            _head=b"*%d\r\n" % words + _packed(("EVALSHA", script.sha, count)),
            _middle=_packed((*(keys[name] for name in fixed_keys), *guard)),
            _tail=_packed(tuple(args[name] for name in fixed_args)),
        )

    def command(self, keys: Mapping[str, str], args: Mapping[str, type_of_argument]) -> bytes:
        """The whole command as it goes over the wire.

        Raises:
            TypeError: names are missing or too many.
        """
        if (len(keys), len(args)) != self._varying:
            raise TypeError(f"{self.script.name} varies by {self._varying} keys and arguments")
        try:
            given_keys, given_args = _packed(self._varying_keys(keys)), _packed(self._varying_args(args))
        except KeyError as error:
            raise TypeError(f"{self.script.name} lacks {error}") from None
        return b"".join((self._head, given_keys, self._middle, given_args, self._tail))


def _picker(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Picks values by their names, in this order."""
    # Of a single name itemgetter makes no tuple.
    return itemgetter(*names) if len(names) > 1 else lambda given: tuple(given[name] for name in names)


def _packed(words: tuple[type_of_argument, ...]) -> bytes:
    # Without the count in front: it stands once for the whole command.
    whole: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]  # tuples of any length, its stub notwithstanding
    return whole.partition(b"\r\n")[2]
