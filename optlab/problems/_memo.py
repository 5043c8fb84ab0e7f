"""What a problem works out once, when somebody first wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Memo", "Memoized"]


class Memo:
    """Results by name; a copy or a pickle starts without any, so that they always belong to the data beside them."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def __call__(self, name: str, make: Callable[[], Any]) -> Any:
        """Return the result called `name`, made by `make` the first time."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def __reduce__(self) -> tuple[Any, ...]:
        return (Memo, ())


class Memoized:
    """Gives a problem its `_memo`, before the constructor runs and the instance is sealed."""

    _memo: Memo

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        instance = super().__new__(cls)
        instance._memo = Memo()
        return instance
