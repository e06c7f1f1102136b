"""A catalogue of channels: made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from natrium.model.channel import Channel
from natrium.model.checks import unknown_name
from natrium.model.errors import ModelError


class UnknownChannel(ModelError, KeyError):
    """A name that is none of the catalogue's."""

    def __str__(self) -> str:
        """Say it in words, where a KeyError shows the text's repr."""
        return str(self.args[0])


class Catalogue(Mapping[str, Channel]):
    """Channels by name, each made and checked when it is first asked for."""

    def __init__(self, **makers: Callable[[], Channel]) -> None:
        self._makers = {name: cache(make) for name, make in makers.items()}

    def __getitem__(self, name: str) -> Channel:
        if name not in self:
            raise UnknownChannel(unknown_name("a channel of the catalogue", name, self))
        return self._makers[name]()

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __repr__(self) -> str:
        return f"<natrium.CHANNELS: {', '.join(self)}>"
