"""A user's file of claims, as `optlab verify mine.py` would read it; the runner's workers read it again by name."""

import optlab as ol
from optlab.claims import Case, Control, Measurement, claim


def _walk(case, problem, seed):
    steps = ol.rng.streams(seed).environment.standard_normal(case.params["n"])
    return Measurement([1.0], [abs(float(steps.mean()))])


@claim(
    "user/mean",
    kind="expectation",
    measured=_walk,
    cases=[Case("walk", ol.FunctionProblem(1), params={"n": 100})],
    controls=[Control("a tenth of the bound", bound=lambda k, c: 0.1 / c.n**0.5)],
    seeds={"quick": 16, "standard": 64, "full": 256},
)
def mean(k, c):
    """The mean of n steps is small."""
    return 2 / c.n**0.5


@claim("user/crash", measured=lambda case, problem, seed: 1 / 0, cases=[Case("c", ol.FunctionProblem(1))])
def crash(k, c):
    """This study cannot be carried out."""
    return 1.0


MORE = [
    claim(
        f"user/item{i}",
        kind="exactness",
        measured=lambda case, problem, seed, i=i: Measurement([1.0], [float(i)]),
        statement="i equals i",
        cases=[Case("c", ol.FunctionProblem(1))],
    )(lambda k, c, i=i: float(i))
    for i in range(2)
]
