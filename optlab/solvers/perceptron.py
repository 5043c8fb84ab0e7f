"""The Perceptron, one misclassified sample at a time, and its batch forms, all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.core.oracles import Margins, Rows
from optlab.core.result import Status
from optlab.core.solver import Solver, State
from optlab.core.validate import boolean, integer, one_of
from optlab.core.xp import is_sparse, namespace
from optlab.solvers._separator import _Separator
from optlab.solvers._weighted_samples import _WeightedSamples

__all__ = ["EXAMPLES", "BatchPerceptron", "NormalizedBatchPerceptron", "Perceptron"]

#: Up to this many samples the Gram matrix is worth its memory (8 MB).
_GRAM_SAMPLES = 1000


@dataclass
class _PerceptronState(State):
    start: int = 0  # where a search through the samples goes on
    x0: Any = None
    counts: Any = None  # how often each sample was added (with the Gram matrix: x = x0 + Z^T counts)
    margins: Any = None
    gram: Any = None


@dataclass(frozen=True)
class Perceptron(_Separator):
    r"""Rosenblatt's Perceptron without learning rate: add one misclassified sample, until there is none.

    .. math:: x_{t+1} = x_t + z_j \qquad \text{for some } j \text{ with } z_j^\top x_t \le 0

    It ends, with status EXACT, at the first iterate with all margins positive; from the origin after at most
    :math:`R^2/\mu^2` updates, whichever rule chooses j (claim ``nlgd/C1``).  The count k is that of updates.

    Parameters
    ----------
    rule : {"lowest", "cyclic", "random", "worst"}, default "lowest"
        Which misclassified sample is added: the first one, the next one in a cyclic walk through the data (the
        textbook's epochs), one drawn uniformly, or the one of least margin.
    chunk : int, default 256
        Updates made in one call of the compiled loop; the history has a row at most so often.  1 shows every update.
    gram : bool or None, default None
        Whether to keep all margins up to date with the Gram matrix (n^2 numbers; an update costs n) rather than to
        visit samples in search of a mistake.  None decides by the number of samples.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or the data are neither NumPy nor SciPy sparse.

    Notes
    -----
    ``history.trace["chosen"]`` holds the index of the sample of every update; ``calls["rows"]`` counts the samples
    touched.  Before the status is EXACT the margins are computed afresh, so rounding in running sums cannot fake it.

    References
    ----------
    .. [1] H. D. Block, "The Perceptron: A Model for Brain Functioning. I", Reviews of Modern Physics 34, 1962.
    .. [2] A. B. J. Novikoff, "On Convergence Proofs on Perceptrons", Symposium on the Mathematical Theory of Automata,
       1962.

    Examples
    --------
    >>> import optlab as ol
    >>> result = ol.Perceptron().run(ol.problems.Chain(4))
    >>> result.k, result.x, result.history.trace["chosen"][:6]
    (30, array([4., 3., 2., 1.]), array([0, 1, 2, 1, 0, 2]))
    """

    rule: str = "lowest"
    chunk: int = 256
    gram: bool | None = None

    requires = (Margins, Rows)

    def __post_init__(self) -> None:
        one_of("rule", self.rule, ("lowest", "cyclic", "random", "worst"))
        integer("chunk", self.chunk, at_least=1)
        if self.gram is not None:
            boolean("gram", self.gram)

    def _bound(self, n: int, ratio: float, inverse: float) -> float:
        return ratio

    def check(self, problem: Any) -> None:
        super().check(problem)
        if problem.like is not None and not isinstance(problem.like, np.ndarray):
            library = type(problem.like).__module__
            raise TypeError(f"Perceptron walks through NumPy or SciPy sparse data, got {library}; use BatchPerceptron")

    def init(self, problem: Any, x0: Any, rng: Any) -> _PerceptronState:
        margins = problem.margins(x0)
        state = _PerceptronState(x0, rng=rng, x0=x0, margins=margins)
        n = len(margins)
        if self.gram or (self.gram is None and n <= _GRAM_SAMPLES):
            rows = problem.rows()
            problem.charge("rows", n - 1)
            gram = rows @ rows.T
            state.gram = gram.toarray() if is_sparse(gram) else gram
            state.counts = np.zeros(n, dtype=np.int64)
        return self._verify(problem, state, margins)

    def step(self, problem: Any, state: _PerceptronState) -> _PerceptronState:  # type: ignore[override]
        if state.gram is not None:
            return self._with_gram(problem, state)
        if self.rule in ("lowest", "cyclic"):
            return self._by_visits(problem, state)
        return self._one(problem, state)

    def _with_gram(self, problem: Any, state: _PerceptronState) -> _PerceptronState:
        from optlab.kernels.normalized_logistic_gd import RULES, perceptron_gram

        units = state.units(self.chunk)
        uniforms = state.rng.solver.random(units) if self.rule == "random" else np.zeros(units)
        chosen = np.empty(units, dtype=np.int64)
        rule = RULES.index(self.rule)
        made, state.start = perceptron_gram(state.gram, state.margins, rule, state.start, uniforms, chosen)
        chosen = chosen[:made]
        state.counts = state.counts + np.bincount(chosen, minlength=len(state.margins))
        # Not summed up chunk by chunk, so that no chunk leaves its mark in the rounding.
        state.x = state.x0 + problem.rows().T @ state.counts.astype(state.x0.dtype)
        problem.charge("rows", made - 1)
        state.k += made
        state.trace = {"chosen": chosen}
        return state if (state.margins <= 0).any() else self._verify(problem, state, problem.margins(state.x))

    def _by_visits(self, problem: Any, state: _PerceptronState) -> _PerceptronState:
        from optlab.kernels.normalized_logistic_gd import perceptron_dense, perceptron_sparse

        rows = problem.rows()
        chosen = np.empty(state.units(self.chunk), dtype=np.int64)
        x, cyclic = state.x.copy(), self.rule == "cyclic"
        if is_sparse(rows):
            csr = rows.data, rows.indices, rows.indptr
            made, start, visits = perceptron_sparse(*csr, x, cyclic, state.start, chosen)
        else:
            made, start, visits = perceptron_dense(rows, x, cyclic, state.start, chosen)
        if not made:  # the loop sees no mistake where the fresh margins saw one: rounding; they decide
            return self._one(problem, state)
        problem.charge("rows", visits - 1)
        state.x, state.start = x, max(start, 0)
        state.k += made
        state.trace = {"chosen": chosen[:made]}
        return state if start >= 0 else self._verify(problem, state, problem.margins(x))

    def _one(self, problem: Any, state: _PerceptronState) -> _PerceptronState:
        """Make one update from the margins at hand."""
        from optlab.kernels.normalized_logistic_gd import RULES, pick

        uniform = state.rng.solver.random() if self.rule == "random" else 0.0
        j = pick(state.margins, RULES.index(self.rule), state.start, uniform)
        row = problem.rows([j])
        state.x = state.x + (row.toarray() if is_sparse(row) else row)[0]
        state.start = j + 1 if self.rule == "cyclic" else 0
        state.k += 1
        state.trace = {"chosen": np.array([j])}
        return self._verify(problem, state, problem.margins(state.x))

    def _verify(self, problem: Any, state: _PerceptronState, margins: Any) -> _PerceptronState:
        """Take over freshly computed margins, and say whether they are all positive."""
        state.margins = np.array(margins)
        if (margins > 0).all():
            state.done = Status.EXACT
            state.message = f"separated: all {len(margins)} margins are positive after {state.k} updates"
        return state


@dataclass(frozen=True)
class BatchPerceptron(_WeightedSamples):
    r"""Add all misclassified samples at once.

    .. math:: x_1 = x_0 + \tfrac12 \sum_i z_i, \qquad x_{t+1} = x_t + \sum_{i \in S_t} z_i, \qquad
              S_t = \{i : z_i^\top x_t \le 0\}

    It ends, with status EXACT, at the first iterate with all margins positive; from the origin after at most
    :math:`n R^2/\mu^2` updates (Theorem 3.3 of the source; claim ``nlgd/C2``).  The source divides the sums by n;
    without that, which changes nothing but the length of x, integer data stay exact.  The half step is the limit of
    `LRGD` at the origin; from another start the first step is like the others.

    Notes
    -----
    Theorem 5.1 of the source has data on which it needs a number of updates proportional to n (claim ``nlgd/C10``);
    `NormalizedBatchPerceptron` does not.

    References
    ----------
    Alexander Tyurin, "From Logistic Regression to the Perceptron Algorithm: Exploring Gradient Descent with Large Step
    Sizes", AAAI 2025, arXiv 2412.08424, section 3.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.BatchPerceptron().run(ol.problems.Chain(10)).k
    100
    """

    def _bound(self, n: int, ratio: float, inverse: float) -> float:
        return n * ratio

    def weights(self, margins: Any, least: float, k: int) -> tuple[Any, dict[str, float]]:
        xp = namespace(margins)
        at_origin = k == 0 and not bool(xp.any(margins != 0))
        return _mistakes(margins) * (0.5 if at_origin else 1.0), {}


@dataclass(frozen=True)
class NormalizedBatchPerceptron(_WeightedSamples):
    r"""Add the mean of the misclassified samples.

    .. math:: x_{t+1} = x_t + \frac{1}{|S_t|} \sum_{i \in S_t} z_i, \qquad S_t = \{i : z_i^\top x_t \le 0\}

    It ends, with status EXACT, at the first iterate with all margins positive; from the origin after at most
    :math:`R^2/\mu^2` updates, whatever n (Theorem 5.3 of the source; claim ``nlgd/C3``).

    Notes
    -----
    It is the limit of `NormalizedLRGD` for large steps, unless a margin is exactly zero on the way (such a margin
    counts as a mistake here, and as half of one there).

    References
    ----------
    Alexander Tyurin, "From Logistic Regression to the Perceptron Algorithm: Exploring Gradient Descent with Large Step
    Sizes", AAAI 2025, arXiv 2412.08424, section 5.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.NormalizedBatchPerceptron().run(ol.problems.WorstCase(2000)).k
    2
    """

    def _bound(self, n: int, ratio: float, inverse: float) -> float:
        return ratio

    def weights(self, margins: Any, least: float, k: int) -> tuple[Any, dict[str, float]]:
        mistakes = _mistakes(margins)
        return mistakes / max(1.0, float(namespace(margins).sum(mistakes))), {}


def _mistakes(margins: Any) -> Any:
    """Return 1 for each margin that is not positive, 0 for the others."""
    return namespace(margins).astype(margins <= 0, margins.dtype)


EXAMPLES: dict[str, Callable[[], Solver]] = {
    "Perceptron": Perceptron,
    "Perceptron(cyclic)": lambda: Perceptron("cyclic", chunk=3),
    "Perceptron(random)": lambda: Perceptron("random", chunk=4),
    "Perceptron(worst)": lambda: Perceptron("worst", chunk=1),
    "Perceptron(visits)": lambda: Perceptron("cyclic", chunk=5, gram=False),
    "Perceptron(random visits)": lambda: Perceptron("random", gram=False),
    "BatchPerceptron": BatchPerceptron,
    "NormalizedBatchPerceptron": NormalizedBatchPerceptron,
}
