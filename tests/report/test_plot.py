"""Figures: what is drawn is what was measured, on the scale that shows it."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import optlab as ol
from optlab.report import plot
from optlab.report.drawing import CASES, _tick, panels
from optlab.report.svg import inline_svg


@pytest.fixture(scope="module")
def rows(record):
    return {row["id"].split("/")[1]: row for row in record["claims"]}


def lines(axes):
    return [np.asarray(line.get_xydata(), dtype=float) for line in axes.get_lines()]


def test_curves_are_the_measured_ones(verification):
    figure = plot.outcome(verification["mine/supported"])
    measured, bound = lines(figure.axes[0])
    k = np.array([0.0, 1, 2, 4, 8, 16, 32, 64])
    np.testing.assert_allclose(measured, np.column_stack([k, 1 / (k + 1)]), rtol=1e-5)
    np.testing.assert_allclose(bound, measured)
    assert (figure.axes[0].get_xscale(), figure.axes[0].get_yscale()) == ("log", "log")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["gap", "bound"]


def test_every_outcome_with_curves_has_a_figure(verification, rows):
    for outcome in verification:
        row = rows[outcome.claim.id.split("/")[1]]
        if row["series"]:
            assert plot.outcome(outcome).axes
        else:
            with pytest.raises(ValueError, match="nothing to draw"):
                plot.outcome(outcome)
    assert {name for name, row in rows.items() if not row["series"]} == {"crash", "not-applicable"}


def test_single_numbers_become_one_line_for_each_case(rows):
    (panel,) = panels(rows["counts"])
    assert len(panel.names) == CASES
    np.testing.assert_allclose(panel.bound, 4 * panel.axis)
    np.testing.assert_allclose(panel.mid, 3 * panel.axis + 1)
    tightest = [f"n = {n}" for n in range(1, CASES + 1)]  # (3 n + 1) / 4 n falls with n
    assert panel.names == tightest


def test_only_the_slope_is_compared_where_only_it_is_claimed(rows):
    (panel,) = panels(rows["growth"])
    assert not panel.names
    assert np.median(panel.mid / panel.bound) == pytest.approx(1)


def test_deviations_are_drawn_where_zero_is_expected(rows):
    (panel,) = panels(rows["vanishes"])
    assert panel.mid.min() == 1e-17
    assert set(panel.bound) == {1e-9}
    (panel,) = panels(rows["equal"])
    np.testing.assert_array_equal(panel.mid, panel.bound)


def test_signed_values_stay_on_a_linear_scale(claims):
    from optlab.claims import Measurement

    signed = ol.claims.Claim(
        "mine/signed",
        "About signs.",
        "derived here",
        "pathwise",
        claims["supported"].cases,
        bound=lambda k, c: 1000.0 + 0 * k,
        measured=lambda case, problem, seed: Measurement([1, 2, 3], [-1.0, 0.01, 5.0]),
    )
    assert plot.outcome(signed.check()).axes[0].get_yscale() == "linear"


def test_inline_svg(rows):
    first, second = plot.svgs(rows["supported"], "a-")
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert not ids[0] & ids[1]
    for svg, own in zip((first, second), ids, strict=True):
        ET.fromstring(svg)
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg)) <= own
    assert plot.svgs(rows["supported"], "a-") == [first, second]


def test_names_are_never_taken_for_markup(rows):
    (svg,) = plot.svgs(rows["hostile-names"], "x")
    assert "<script>" not in svg
    assert 'alert("1")' in "".join(ET.fromstring(svg).itertext())


def test_letters_that_matplotlib_has_not(rows):
    named = {**rows["supported"], "series": [{**rows["supported"]["series"][0], "label": "\u4e09\u89d2"}]}
    (svg,) = plot.svgs(named, "x")
    assert "\u4e09\u89d2" in svg


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.05, "0.05"), (-0.5, "−0.5"), (2000, "2000"), (1e-6, "10⁻⁶"), (2e5, "2·10⁵"), (-3e-14, "−3·10⁻¹⁴")],
)
def test_ticks(value, text):
    assert _tick(value) == text


@pytest.fixture(scope="module")
def runs():
    problem = ol.FunctionProblem(
        2, value=lambda x: float(x @ x) / 2, gradient=lambda x: x, x0=[3.0, 4.0], constants=ol.Constants()
    )
    return {f"step {t}": ol.GradientDescent(step_size=t).run(problem, max_iter=20) for t in (0.1, 0.3)}


def test_history_compares_runs_with_a_bound(runs):
    figure = plot.history(runs, "value", bound=lambda k: 12.5 * 0.81**k)
    slow, fast, bound = lines(figure.axes[0])
    np.testing.assert_allclose(slow, bound)
    np.testing.assert_allclose(fast[:, 1], 12.5 * 0.49 ** np.arange(21))
    colours = [line.get_color() for line in figure.axes[0].get_lines()]
    assert len(set(colours)) == 3
    assert figure.axes[0].get_yscale() == "log"
    ET.fromstring(inline_svg(figure, "runs"))
    assert "<svg" in figure._repr_html_()


def test_history_takes_one_run_or_values(runs):
    run = runs["step 0.1"]
    assert len(plot.history(run, "value").axes[0].get_lines()) == 1
    values = run.history["value"]
    np.testing.assert_allclose(lines(plot.history(run, "value", bound=values).axes[0])[1][:, 1], values)
    assert lines(plot.history(run, "value", bound=3.0).axes[0])[1][0, 1] == 3.0


def test_history_refuses_what_it_cannot_draw(runs):
    with pytest.raises(ValueError, match="at least one run"):
        plot.history({}, "value")
    with pytest.raises(KeyError, match="no history column 'gap'"):
        plot.history(runs, "gap")
    with pytest.raises(ValueError, match="bound must have 21 values"):
        plot.history(runs, "value", bound=[1.0, 2.0])


def test_pyplot_is_left_alone(runs):
    import subprocess
    import sys

    code = (
        "import sys, optlab as ol; f = ol.report.plot.history; import optlab.report.html; "
        "p = ol.FunctionProblem(1, value=lambda x: float(x @ x), gradient=lambda x: x, x0=[1.0]); "
        "f(ol.GradientDescent(step_size=0.1).run(p, max_iter=3), 'value')._repr_html_(); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
