"""Claims of every kind and every verdict on plain functions: fast, and independent of the library's claims."""

import numpy as np
import pytest

import optlab as ol
from optlab.claims import Assumption, Case, Claim, Control, Measurement

HOSTILE = '<script>alert("1")</script> & <img src=x onerror=alert(2)> $x_{$ </style>'
PARABOLA = ol.FunctionProblem(
    1, value=lambda x: float(x @ x) / 2, constants=ol.Constants(L=ol.constants.exact(1.0, "second derivative"))
)
K = np.array([0.0, 1, 2, 4, 8, 16, 32, 64])


def decay(power, start=1.0):
    def gap(case, problem, seed):
        return Measurement(K, start / (K + 1) ** power)

    return gap


def noisy(case, problem, seed):
    return Measurement(K[1:], np.random.default_rng(seed).exponential(1 / np.sqrt(K[1:])))


def updates(case, problem, seed):
    return Measurement(case.params["n"], 3.0 * case.params["n"] + 1)


def crash(case, problem, seed):
    raise RuntimeError(HOSTILE)


def make(name, kind="pathwise", measured=None, bound=lambda k, c: 1 / (k + 1), **fields):
    fields = {"cases": [Case("parabola", PARABOLA)], "source": "derived here", "statement": f"About {name}."} | fields
    return Claim(f"mine/{name}", kind=kind, measured=measured or decay(1), bound=bound, **fields)


def sweep(*ns):
    return [Case(f"n = {n}", PARABOLA, params={"n": n}, tight=n == ns[0]) for n in ns]


CLAIMS = [
    make(
        "supported",
        latex=r"f(x_k) - f^\star \le \frac{1}{k+1}",
        uses={"L": "upper"},
        assumptions=[Assumption("f is convex", lambda problem, case: True)],
        cases=[Case("parabola", PARABOLA, tight=True), Case("the same again", PARABOLA)],
        controls=[Control("half the bound", bound=lambda k, c: 0.5 / (k + 1)), Control("slower", measured=decay(0.5))],
        options={"floor": 1e-13},
    ),
    make("no-power"),
    make("bad-control", controls=[Control("twice the bound", bound=lambda k, c: 2 / (k + 1))]),
    make("refuted", bound=lambda k, c: 0.9 / (k + 1)),
    make("known-false", bound=lambda k, c: 0.9 / (k + 1), expected="REFUTED", reason="It is off by a tenth."),
    make("wrongly-supported", expected="REFUTED", reason="We thought it false."),
    make("few-seeds", "expectation", noisy, seeds=3),
    make("crash", measured=crash, statement=HOSTILE, source=HOSTILE, latex=HOSTILE, doc=HOSTILE),
    make(
        "not-applicable",
        assumptions=[Assumption(HOSTILE, lambda problem, case: False)],
        cases=[Case(HOSTILE, PARABOLA)],
    ),
    make("mean", "expectation", noisy, lambda k, c: 2 / np.sqrt(k), seeds=64),
    make("tail", "probability", noisy, lambda k, c: 9 / np.sqrt(k), seeds=64, options={"delta": 0.1}),
    make("rate", "exponent", decay(1), lambda k, c: 1 / (k + 1), options={"window": (1, 100)}),
    make("growth", "scaling", updates, lambda n, c: n, cases=sweep(10, 100, 1000, 10000), axis="n"),
    make("counts", "pathwise", updates, lambda n, c: 4.0 * n, cases=sweep(*range(1, 20)), axis="n"),
    make("below", "lower", decay(1), lambda k, c: 0.5 / (k + 1)),
    make("pairs", "comparison", lambda case, problem, seed: Measurement(K, 1 / (K + 1), bound=2 / (K + 1))),
    make("equal", "exactness", lambda case, problem, seed: Measurement(K, K, bound=K)),
    make("vanishes", "exactness", lambda case, problem, seed: Measurement(K, 1e-17 * K, bound=0 * K)),
    make("infinite", measured=lambda case, problem, seed: Measurement(K, np.full(K.size, np.inf))),
    make("nan", measured=lambda case, problem, seed: Measurement(K, np.full(K.size, np.nan))),
    make(
        "hostile-names",
        cases=[Case(HOSTILE, PARABOLA)],
        axis=HOSTILE,
        controls=[Control(HOSTILE, bound=lambda k, c: 0.5 / (k + 1))],
    ),
]


@pytest.fixture(scope="session")
def claims():
    """The claims by the second half of their id."""
    return {claim.id.split("/")[1]: claim for claim in CLAIMS}


@pytest.fixture(scope="session")
def verification():
    """All of them, checked."""
    return ol.verify(*CLAIMS, progress=False)


@pytest.fixture(scope="session")
def record(verification):
    """The plain data of the verification."""
    return verification.to_dict()
