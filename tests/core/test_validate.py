"""Argument checks name the argument and say what was wrong with it."""

import fractions
import math

import numpy as np
import pytest

from optlab.core.validate import boolean, integer, number, one_of


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int64(2), fractions.Fraction(2)])
def test_numbers(value):
    out = number("x", value, above=1, below=3)
    assert out == 2.0 and type(out) is float


@pytest.mark.parametrize(
    ("value", "limits", "text"),
    [
        (0.0, {"above": 0}, "x must be a finite number > 0, got 0.0"),
        (-1e-300, {"at_least": 0}, "x must be a finite number >= 0, got -1e-300"),
        (1.0, {"below": 1}, "x must be a finite number < 1, got 1.0"),
        (1.1, {"above": 0, "at_most": 1}, "x must be a finite number > 0 and <= 1, got 1.1"),
        (math.nan, {}, "x must be a finite number, got nan"),
        (math.nan, {"infinite": True}, "x must be a number, got nan"),
        (math.inf, {"above": 0}, "x must be a finite number > 0, got inf"),
        (-math.inf, {}, "x must be a finite number, got -inf"),
        (-math.inf, {"infinite": True, "at_least": 0}, "x must be a number >= 0, got -inf"),
    ],
)
def test_numbers_out_of_range(value, limits, text):
    with pytest.raises(ValueError) as caught:
        number("x", value, **limits)
    assert str(caught.value) == text


def test_numbers_at_the_edge():
    assert number("x", 0, at_least=0) == 0 and number("x", 1, at_most=1) == 1
    assert number("x", math.inf, infinite=True) == math.inf == number("x", math.inf, above=0, infinite=True)
    assert number("x", -math.inf, infinite=True) == -math.inf
    assert number("x", 1e308) == 1e308


@pytest.mark.parametrize("value", [True, np.bool_(True), "1", None, [1.0], 1j, np.ones(1)])
def test_what_is_not_a_number(value):
    with pytest.raises(TypeError, match=f"^x must be a real number, got {type(value).__name__}$"):
        number("x", value)


def test_integers():
    assert integer("n", np.int32(3), at_least=3, at_most=3) == 3 and type(integer("n", np.int32(3))) is int
    assert integer("n", -5) == -5
    with pytest.raises(ValueError, match=r"^n must be at least 1, got 0$"):
        integer("n", 0, at_least=1)
    with pytest.raises(ValueError, match=r"^n must be at most 3, got 4$"):
        integer("n", 4, at_least=1, at_most=3)
    for bad in (True, 1.0, "1", None):
        with pytest.raises(TypeError, match=f"^n must be an integer, got {type(bad).__name__}$"):
            integer("n", bad)


def test_booleans_and_options():
    assert boolean("flag", True) is True and boolean("flag", False) is False
    for bad in (1, 0, None, np.True_):
        with pytest.raises(TypeError, match=r"^flag must be True or False, got"):
            boolean("flag", bad)
    assert one_of("mode", "a", ("a", "b")) == "a"
    with pytest.raises(ValueError, match=r"^mode must be one of 'a', 'b', got 'c'$"):
        one_of("mode", "c", ("a", "b"))
