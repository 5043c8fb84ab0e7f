"""Callbacks: a progress bar, a checkpoint file, a live plot.  Silence is the default; these ask for more."""

from __future__ import annotations

import inspect
import math
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from optlab.core.validate import integer, number

__all__ = ["Callback", "Checkpoint", "LivePlot", "ProgressBar", "as_callbacks"]


class Callback:
    """Base class for callbacks that want to know about the start and the end of the run too."""

    def start(self, view: Any) -> None:
        """Called once, before the first step."""

    def __call__(self, view: Any) -> bool | None:
        """Called at every recorded row; True stops the run."""
        return None

    def close(self, view: Any) -> None:
        """Called once, at the end, also after an exception."""


class _Plain(Callback):
    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        try:
            names = list(inspect.signature(function).parameters)
        except (TypeError, ValueError):  # builtins without a signature
            names = []
        self.scipy_style = names == ["intermediate_result"]

    def __call__(self, view: Any) -> bool | None:
        if self.scipy_style:
            from scipy.optimize import OptimizeResult

            fun = next((view.row[name] for name in ("value", "loss") if name in view.row), math.nan)
            answer = self.function(intermediate_result=OptimizeResult(x=view.x, fun=fun, nit=view.k))
        else:
            answer = self.function(view)
        return answer is True or (isinstance(answer, np.bool_) and bool(answer))  # `gap < 1e-3` is NumPy's True


def as_callbacks(callback: Any) -> list[Callback]:
    """Turn the ``callback=`` argument into a list of `Callback` objects."""
    if callback is None:
        return []
    out: list[Callback] = []
    for one in callback if isinstance(callback, Sequence) else [callback]:
        if not callable(one):
            raise TypeError(f"callback must be callable, got {type(one).__name__}")
        out.append(one if isinstance(one, Callback) else _Plain(one))
    return out


class ProgressBar(Callback):
    """Show k, the time and one column, in a terminal or a notebook (with rich).

    Parameters
    ----------
    metric : str, optional
        Column to show; the first metric of the problem when absent.

    Examples
    --------
    >>> import optlab as ol
    >>> bar = ol.callbacks.ProgressBar("gap")
    """

    def __init__(self, metric: str | None = None) -> None:
        self.metric = metric
        self._progress: Any = None

    def start(self, view: Any) -> None:
        """Open the bar."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, TextColumn("{task.fields[shown]}"))
        total = None if math.isinf(view.max_iter) else int(view.max_iter)
        self._task = self._progress.add_task(type(view.solver).__name__, total=total, shown="")
        self._progress.start()

    def __call__(self, view: Any) -> None:
        """Move the bar."""
        name = self.metric or next(iter(view.history.metrics), None)
        value = view.row.get(name, math.nan) if name else math.nan
        shown = f"{name} {float(value):.4g}" if name and getattr(value, "ndim", 0) == 0 else ""
        self._progress.update(self._task, completed=view.k, shown=shown)

    def close(self, view: Any) -> None:
        """Leave the bar at its last position."""
        if self._progress is not None:
            self._progress.update(self._task, completed=view.k)
            self._progress.stop()


class Checkpoint(Callback):
    """Write the run to a file every so often, so that it survives being killed.

    ``optlab.load(path).resume(max_iter=...)`` goes on from the file, bit-identical to a run that was never interrupted.
    The file is replaced atomically: a kill while writing leaves the previous checkpoint.

    Parameters
    ----------
    path : str or path
        The file; its folder must exist.
    every : int, default 1
        Write at recorded rows whose k has moved by at least this many steps since the last checkpoint.
    seconds : float, default 0
        And not more often than this.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.

    Examples
    --------
    >>> import os, tempfile, optlab as ol
    >>> problem = ol.problems.Quadratic([1.0, 10.0])
    >>> path = os.path.join(tempfile.mkdtemp(), "run.checkpoint")
    >>> _ = ol.GradientDescent().run(problem, max_iter=7, callback=ol.callbacks.Checkpoint(path, every=5))
    >>> ol.load(path).resume(max_iter=7).k
    7
    """

    def __init__(self, path: str | os.PathLike[str], every: int = 1, seconds: float = 0.0) -> None:
        self.path = os.fspath(path)
        folder = os.path.dirname(os.path.abspath(self.path))
        if not os.path.isdir(folder):
            raise FileNotFoundError(f"path: the folder {folder} does not exist")
        self.every = integer("every", every, at_least=1)
        self.seconds = number("seconds", seconds, at_least=0)

    def start(self, view: Any) -> None:
        """Remember where the run starts."""
        self._last_k, self._last_time = view.k, time.monotonic()

    def __call__(self, view: Any) -> None:
        """Write the file when it is time."""
        if view.k - self._last_k >= self.every and time.monotonic() - self._last_time >= self.seconds:
            view.result().save(self.path)
            self._last_k, self._last_time = view.k, time.monotonic()


class LivePlot(Callback):
    """Draw a column against k while the run goes on (matplotlib; in a notebook the figure is redrawn in place).

    Parameters
    ----------
    metric : str
        The column.
    seconds : float, default 0.5
        Redraw not more often than this.
    """

    def __init__(self, metric: str, seconds: float = 0.5) -> None:
        self.metric = metric
        self.seconds = number("seconds", seconds, at_least=0)
        self.figure: Any = None

    def start(self, view: Any) -> None:
        """Open the figure."""
        import matplotlib.pyplot as plt

        self.figure, self._axes = plt.subplots()
        (self._line,) = self._axes.plot([], [])
        self._axes.set(xlabel="iteration", ylabel=self.metric, title=type(view.solver).__name__)
        self._handle = None
        self._last = -math.inf

    def __call__(self, view: Any) -> None:
        """Redraw when it is time."""
        if time.monotonic() - self._last >= self.seconds:
            self._draw(view)
            self._last = time.monotonic()

    def close(self, view: Any) -> None:
        """Draw the whole run."""
        if self.figure is not None:
            self._draw(view)

    def _draw(self, view: Any) -> None:
        values = view.history[self.metric]
        self._line.set_data(view.history["k"], values)
        self._axes.set_yscale("log" if (values > 0).all() else "linear")
        self._axes.relim()
        self._axes.autoscale_view()
        if _in_notebook():
            from IPython.display import display

            if self._handle is None:
                self._handle = display(self.figure, display_id=True)
            else:
                self._handle.update(self.figure)
        else:
            self.figure.canvas.draw_idle()
            self.figure.canvas.flush_events()


def _in_notebook() -> bool:
    import sys

    shell = sys.modules.get("IPython")
    return shell is not None and getattr(shell.get_ipython(), "kernel", None) is not None
