"""Drawing: one pair of axes for each case of a claim, from the plain data of its record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.report.svg import BOUND, INK, MEASURED

__all__ = ["Panel", "bare", "draw", "key", "panels", "scale"]

#: A report shows this many panels for a claim, and this many cases in a panel of single numbers.
PANELS, CASES = 3, 12
#: Exact agreement has no place on a logarithmic scale; it is drawn here.
_ZERO = 1e-17


@dataclass(frozen=True)
class Panel:
    """What one pair of axes shows: curves along an axis, or (where there are names) one number for each case."""

    title: str
    names: list[str]
    axis: Any
    low: Any
    mid: Any
    high: Any
    bound: Any

    @property
    def height(self) -> float:
        """Height in inches."""
        return 0.7 + 0.36 * len(self.names) if self.names else 2.5


def panels(row: Mapping[str, Any]) -> list[Panel]:
    """Return what is to be drawn of a claim, tight cases first."""
    return [_panel(row, series) for series in row["series"][:PANELS]]


def _panel(row: Mapping[str, Any], series: Mapping[str, Any]) -> Panel:
    axis, low, mid, high, bound = (
        np.array(series[name], dtype=float) for name in ("axis", "low", "mid", "high", "bound")
    )
    label = series["label"]
    names = [label] if axis.size == 1 else label.split("; ")
    if len(names) != axis.size or row["kind"] == "scaling":
        names = []
    with np.errstate(all="ignore"):
        if _deviates(row):  # how small is what matters, so on a logarithmic scale, which has no zero
            low, mid, high = np.minimum(abs(low), abs(high)), abs(mid), np.maximum(abs(low), abs(high))
            bound = np.full(axis.size, float(row["options"].get("tol", 1e-9)))
            low, mid, high, bound = (np.maximum(v, _ZERO) for v in (low, mid, high, bound))
        elif row["kind"] in ("exponent", "scaling"):  # only the slope is claimed: the constant is fitted
            factor = mid / bound
            fine = np.isfinite(factor) & (factor > 0)
            bound = bound * np.median(factor[fine]) if fine.any() else bound
        if len(names) > CASES:
            keep = np.sort(np.argsort(-np.nan_to_num(high / bound))[:CASES])
            names = [names[i] for i in keep]
            axis, low, mid, high, bound = (v[keep] for v in (axis, low, mid, high, bound))
    return Panel("" if names or "; " in label else label, names, axis, low, mid, high, bound)


def key(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return what the two colours of a claim's figure stand for."""
    spread = f", median and range over {row['seeds']} seeds" if row["seeds"] > 1 else ""
    if _deviates(row):
        return f"deviation{spread} (zero is drawn at 10⁻¹⁷)", "tolerance"
    bound = {
        "exactness": "expected value",
        "exponent": "claimed rate (constant fitted)",
        "scaling": "claimed growth (constant fitted)",
        "comparison": "what it is compared with",
        "lower": "lower bound",
    }.get(row["kind"], "bound")
    return _quantity(row) + spread, bound


def _deviates(row: Mapping[str, Any]) -> bool:
    """Whether zero is expected everywhere: then the deviation is drawn, against the tolerance."""
    return bool(row["kind"] == "exactness" and not any(any(series["bound"]) for series in row["series"]))


def _quantity(row: Mapping[str, Any]) -> str:
    if _deviates(row):
        return "deviation"
    return "measured value" if row["measured"] == "measured" else str(row["measured"])


def draw(axes: Any, panel: Panel, row: Mapping[str, Any]) -> None:
    """Draw a panel on a pair of axes."""
    bare(axes)
    if panel.names:
        _draw_cases(axes, panel, row)
    else:
        _draw_curves(axes, panel, row)
    if panel.title:
        axes.set_title(_cut(panel.title, 52), loc="left", fontsize=9, color=INK, pad=7, parse_math=False)


def _draw_curves(axes: Any, panel: Panel, row: Mapping[str, Any]) -> None:
    x = panel.axis
    marker = {"marker": "o", "markersize": 3.5} if x.size <= 15 else {}
    if np.any(panel.high > panel.low):
        axes.fill_between(x, panel.low, panel.high, color=MEASURED, alpha=0.22, linewidth=0)
    if row["kind"] in ("pathwise", "lower"):
        over = panel.high > panel.bound if row["kind"] == "pathwise" else panel.low < panel.bound
        edge = panel.high if row["kind"] == "pathwise" else panel.low
        axes.fill_between(x, panel.bound, edge, where=over, color=BOUND, alpha=0.18, linewidth=0)
    axes.plot(x, panel.mid, color=MEASURED, linewidth=1.8, **marker)
    lone = {"marker": "_", "markersize": 12, "markeredgewidth": 2} if np.isfinite(panel.bound).sum() == 1 else {}
    axes.plot(x, panel.bound, color=BOUND, linewidth=1.5, dashes=(4, 2.2), **lone)
    logs = row["kind"] in ("exponent", "scaling")
    scale(axes.xaxis, x[x > 0] if (x > 0).sum() > 1 else x, logs, spread=30)
    floor = float(row["options"].get("floor") or 0.0)  # below it nothing was looked at
    scale(axes.yaxis, _values(panel), logs, spread=50, floor=floor)
    axes.set_xlabel(row["axis"], fontsize=9, color=INK, labelpad=3, loc="right", parse_math=False)


def _draw_cases(axes: Any, panel: Panel, row: Mapping[str, Any]) -> None:
    """One line for each case: its name, the measured number with its range, and the bound as a mark."""
    rows = np.arange(len(panel.names))[::-1]
    axes.hlines(rows, panel.low, panel.high, color=MEASURED, alpha=0.35, linewidth=4)
    axes.plot(panel.mid, rows, "o", color=MEASURED, markersize=5)
    axes.plot(panel.bound, rows, "|", color=BOUND, markersize=9, markeredgewidth=2.2)
    across = axes.get_yaxis_transform()
    for name, y in zip(panel.names, rows, strict=True):
        axes.text(0, y + 0.3, _cut(name, 60), transform=across, fontsize=8, color=INK, parse_math=False)
    axes.set_yticks([])
    axes.set_ylim(-0.6, len(rows) - 0.25)
    axes.spines["left"].set_visible(False)
    scale(axes.xaxis, _values(panel), False, spread=50)
    axes.set_xlabel(_quantity(row), fontsize=9, color=INK, labelpad=3, loc="right", parse_math=False)


def bare(axes: Any) -> None:
    """Leave two spines, a faint grid and short ticks."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=INK, alpha=0.45, linewidth=0.8)
    axes.tick_params(labelsize=8.5, color=INK, labelcolor=INK, length=3, width=0.7)
    axes.grid(color=INK, alpha=0.1, linewidth=0.7)
    axes.set_axisbelow(True)


def _values(panel: Panel) -> Any:
    return np.concatenate([panel.low, panel.mid, panel.high, panel.bound])


def scale(axis: Any, values: Any, always: bool, spread: float, floor: float = 0.0) -> None:
    """Choose a logarithmic scale where the values ask for one, with few and plain ticks."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    finite = values[np.isfinite(values)]
    positive = finite[finite > 0]
    wide = positive.size and (finite >= 0).all() and (always or positive.max() > spread * positive.min())
    if not wide:
        whole = bool(finite.size and (finite == np.round(finite)).all())
        locator = MaxNLocator(5, integer=whole, min_n_ticks=1 if whole else 3)
        axis.set(major_locator=locator, major_formatter=FuncFormatter(_tick))
        return
    high = positive.max()
    low = min(max(positive.min(), 1e-18 * high, floor), 0.1 * high)
    decades = math.log10(high / low)
    margin = 10 ** max(0.05 * decades, 0.02)
    name = axis.axis_name
    getattr(axis.axes, f"set_{name}scale")("log", nonpositive="mask")
    getattr(axis.axes, f"set_{name}lim")(low / margin, high * margin)
    subs = (1.0,) if decades > 1.6 else (1.0, 2.0, 5.0)
    axis.set(major_locator=LogLocator(10, subs=subs, numticks=6), major_formatter=FuncFormatter(_tick))
    axis.set_minor_locator(NullLocator())


def _tick(value: float, _: Any = None) -> str:
    """A tick as plain text: 0.05, 2000, 10⁻⁶, 2·10⁵."""
    plain = f"{value:.6g}"
    if value == 0 or 0.001 <= abs(value) < 10000 or ("e" not in plain and len(plain) <= 4):
        return plain.replace("-", "−")
    mantissa, _, exponent = f"{value:.3e}".partition("e")
    mantissa = f"{float(mantissa):g}".replace("-", "−")
    power = f"10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    return power if mantissa == "1" else f"{mantissa}·{power}"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
