"""Plot: the figure of a claim, measured band against bound; and histories compared, for notebooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from optlab.report.drawing import bare, draw, key, panels, scale
from optlab.report.svg import BOUND, COLOURS, INK, MEASURED, inline_svg

__all__ = ["history", "outcome"]


@cache
def _self_showing() -> type:
    """A figure that shows itself in a notebook, light or dark, whether or not pyplot was ever imported."""
    from matplotlib.figure import Figure

    class SelfShowing(Figure):
        def _repr_html_(self) -> str:
            svg = inline_svg(self, str(self.get_label() or "figure"))
            return f'<div style="max-width:{1.3 * self.get_figwidth():.1f}in">{svg}</div>'

    return SelfShowing


def svgs(row: Mapping[str, Any], prefix: str) -> list[str]:
    """Return the panels of a claim as inline SVG, one for each, so that a page can lay them out."""
    out = []
    for i, panel in enumerate(panels(row)):
        # Margins by hand: measuring the text for a layout takes longer than drawing.
        height, left = panel.height, 0.02 if panel.names else 0.125
        figure = _self_showing()(figsize=(4.0, height))
        top = 0.3 if panel.title else 0.08
        axes = figure.add_axes((left, 0.47 / height, 0.98 - left, 1 - (0.47 + top) / height))
        draw(axes, panel, row)
        where = panel.title or f"{len(panel.axis)} points"
        measured, bound = key(row)
        out.append(inline_svg(figure, f"{row['id']}, {where}: {measured}, against the {bound}", f"{prefix}{i}"))
    return out


def outcome(outcome: Any) -> Any:
    """Draw what was measured for a claim against its bound.

    Parameters
    ----------
    outcome : Outcome
        What `Claim.check` returned, or an entry of a `Verification`.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each of the (at most four) tightest cases.

    Raises
    ------
    ValueError
        If nothing was measured.

    Examples
    --------
    >>> import optlab as ol
    >>> verification = ol.verify("nlgd/C4", progress=False)
    >>> figure = ol.report.plot.outcome(verification["nlgd/C4"])
    >>> len(figure.axes) >= 1
    True
    """
    from optlab.report.record import claim_record

    row = claim_record(outcome, {"budget": "quick", "seeds": None, "rng": 0})
    shown = panels(row)
    if not shown:
        raise ValueError(f"{row['id']} has nothing to draw: {row['message'] or 'nothing was measured'}")
    columns = 1 if len(shown) == 1 else 2
    lines = [shown[i : i + columns] for i in range(0, len(shown), columns)]
    heights = [max(panel.height for panel in line) for line in lines]
    figure = _self_showing()(figsize=(4.6 * columns, sum(heights) + 0.7), layout="constrained", label=row["id"])
    grid = figure.add_gridspec(len(lines), columns, height_ratios=heights)
    for i, panel in enumerate(shown):
        draw(figure.add_subplot(grid[divmod(i, columns)]), panel, row)
    figure.suptitle(f"{row['id']}: {outcome.headline}", x=0.01, ha="left", fontsize=11, color=INK, parse_math=False)
    _legend(figure, key(row))
    return figure


def _legend(figure: Any, words: tuple[str, str]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=MEASURED, linewidth=2), Line2D([], [], color=BOUND, linewidth=1.5, dashes=(4, 2.2))]
    legend = figure.legend(handles, words, loc="outside lower left", ncols=2, fontsize=9, frameon=False, labelcolor=INK)
    for text in legend.get_texts():
        text.set_parse_math(False)


def history(results: Any, metric: str, bound: Callable[[Any], Any] | Any = None) -> Any:
    """Compare a history column of several runs, with a bound over it.

    Parameters
    ----------
    results : mapping of str to Result, or Result
        The runs by the name they shall have.  Of a batched run the median and the range over the repetitions is shown.
    metric : str
        The history column, e.g. ``"gap"``.
    bound : callable or array_like, optional
        ``bound(k)``, or its values at the k of the longest run.

    Returns
    -------
    matplotlib.figure.Figure
        Logarithmic where the values ask for it.

    Raises
    ------
    ValueError
        If there is no run, or the bound has another length.
    KeyError
        If a run has no such column.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.FunctionProblem(1, value=lambda x: float(x @ x) / 2, gradient=lambda x: x, x0=[1.0])
    >>> runs = {f"step {t}": ol.GradientDescent(step_size=t).run(problem, max_iter=9) for t in (0.1, 0.5)}
    >>> figure = ol.report.plot.history(runs, "value", bound=lambda k: 0.5 * 0.81**k)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['step 0.1', 'step 0.5', 'bound']
    """
    runs = dict(results) if isinstance(results, Mapping) else {metric: results}
    if not runs:
        raise ValueError("results must hold at least one run")
    figure = _self_showing()(figsize=(6.0, 3.6), layout="constrained", label=f"{metric} of {', '.join(runs)}")
    axes = figure.add_subplot()
    bare(axes)
    columns = {name: (run.history["k"], run.history[metric].astype(float)) for name, run in runs.items()}
    for i, (name, (k, column)) in enumerate(columns.items()):
        colour = COLOURS[(i if bound is None or i < 1 else i + 1) % len(COLOURS)]  # the bound has its own
        many = column.reshape(len(k), -1)
        if many.shape[1] > 1:
            axes.fill_between(k, many.min(axis=1), many.max(axis=1), color=colour, alpha=0.2, linewidth=0)
        axes.plot(k, np.median(many, axis=1), color=colour, linewidth=1.8, label=name)
    longest = max((k for k, _ in columns.values()), key=lambda k: k[-1])
    shown = [np.ravel(column) for _, column in columns.values()]
    if bound is not None:
        with np.errstate(all="ignore"):
            values = np.asarray(bound(longest) if callable(bound) else bound, dtype=float)
        if values.ndim > 1 or values.size not in (1, longest.size):
            wanted = f"{longest.size} values, one for each k of the longest run"
            raise ValueError(f"bound must have {wanted}, got shape {values.shape}")
        values = np.broadcast_to(values, longest.shape)
        axes.plot(longest, values, color=BOUND, linewidth=1.5, dashes=(4, 2.2), label="bound")
        shown.append(values)
    scale(axes.xaxis, longest[longest > 0].astype(float), False, spread=200)
    scale(axes.yaxis, np.concatenate(shown), False, spread=50)
    axes.set_xlabel("k", fontsize=9.5, color=INK)
    axes.set_ylabel(metric, fontsize=9.5, color=INK, parse_math=False)
    axes.legend(fontsize=9, frameon=False, labelcolor=INK)
    return figure
