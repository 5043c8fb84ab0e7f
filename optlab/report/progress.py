"""Progress: claims done, the current claim and the elapsed time, wherever there is somebody to look."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from optlab.claims.outcome import Outcome

__all__ = ["watch"]


class _Silent:
    """Show nothing; the base of the others, which show `finished` claims between `__enter__` and `__exit__`."""

    def __init__(self, ids: Sequence[str], jobs: int) -> None:
        self.ids, self.one_by_one = list(ids), jobs == 1
        self.began = time.perf_counter()

    def __enter__(self) -> _Silent:
        return self

    def finished(self, outcome: Outcome, done: int) -> None:
        """Take note of a finished claim."""

    def __exit__(self, *exc: object) -> None:
        """Clear what was shown."""

    def current(self, done: int, last: str = "") -> str:
        """What is being checked, or was checked last where several are under way."""
        if done >= len(self.ids):
            return "done"
        return self.ids[done] if self.one_by_one else f"{last} done" if last else f"{self.ids[0]}, ..."


class _Calling(_Silent):
    """Tell a user's function."""

    def __init__(self, ids: Sequence[str], jobs: int, function: Callable[[str, int, int], Any]) -> None:
        super().__init__(ids, jobs)
        self.function = function

    def finished(self, outcome: Outcome, done: int) -> None:
        self.function(outcome.claim.id, done, len(self.ids))


class _Bar(_Silent):
    """A live bar on a terminal."""

    def __enter__(self) -> _Bar:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("verify"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        shown = TextColumn("{task.fields[current]}", markup=False)
        console = Console(stderr=True)
        self.bar = Progress(*columns, shown, console=console, transient=True, refresh_per_second=5)
        self.task = self.bar.add_task("verify", total=len(self.ids), current=self.current(0))
        self.bar.start()
        return self

    def finished(self, outcome: Outcome, done: int) -> None:
        self.bar.update(self.task, completed=done, current=self.current(done, outcome.claim.id))

    def __exit__(self, *exc: object) -> None:
        self.bar.stop()


class _Notebook(_Silent):
    """An HTML bar in a notebook, emptied at the end."""

    def __enter__(self) -> _Notebook:
        from IPython.display import HTML, display

        self.html = HTML
        self.handle = display(HTML(self.bar(0)), display_id=True)
        return self

    def bar(self, done: int, last: str = "") -> str:
        """The bar as it stands."""
        elapsed = time.perf_counter() - self.began
        text = f"{done}/{len(self.ids)} · {elapsed:.0f} s · {html.escape(self.current(done, last))}"
        return f'<progress value="{done}" max="{len(self.ids)}"></progress> <small>{text}</small>'

    def finished(self, outcome: Outcome, done: int) -> None:
        self.handle.update(self.html(self.bar(done, outcome.claim.id)))

    def __exit__(self, *exc: object) -> None:
        self.handle.update(self.html(""))


class _Lines(_Silent):
    """A line for each finished claim, where the output is a file or a log."""

    def finished(self, outcome: Outcome, done: int) -> None:
        total = len(self.ids)
        elapsed = time.perf_counter() - self.began
        line = f"[{done:>{len(str(total))}}/{total}] {elapsed:6.1f} s  {outcome.claim.id}  {outcome.headline}\n"
        sys.stderr.write(line)
        sys.stderr.flush()


def watch(progress: bool | Callable[[str, int, int], Any], ids: Sequence[str], jobs: int) -> _Silent:
    """Return the display that fits the place: a context manager with `finished(outcome, done)`."""
    if callable(progress):
        return _Calling(ids, jobs, progress)
    if not progress:
        return _Silent(ids, jobs)
    from rich.console import Console

    console = Console(stderr=True)
    fitting = _Bar if console.is_terminal else _Notebook if console.is_jupyter else _Lines
    return fitting(ids, jobs)
