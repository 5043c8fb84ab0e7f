r"""Normalized LR+GD and its family: gradient descent on logistic regression with steps of any size.

All these methods look for theta with positive margins :math:`z_i^\top \theta > 0`, and all of them make the same step:
add a weighted sum of the signed samples.  They differ in one rule, how the margins become weights.  For huge steps the
smooth weights become the mistakes themselves, and logistic regression becomes a perceptron; with weights that sum to
one the number of updates no longer depends on how many samples there are.

The iterate x is theta without its step size (see `theta` of each solver), so no step size can overflow.  Each update
costs two products with the data.

References
----------
.. [1] Alexander Tyurin, "From Logistic Regression to the Perceptron Algorithm: Exploring Gradient Descent with Large
   Step Sizes", AAAI 2025, arXiv 2412.08424.
.. [2] Ruiqi Zhang, Jingfeng Wu, Licong Lin, Peter L. Bartlett, "Minimax Optimal Convergence of Gradient Descent in
   Logistic Regression via Large and Adaptive Stepsizes", 2025, arXiv 2504.04105.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optlab.core.solver import Solver
from optlab.core.validate import boolean, number
from optlab.core.xp import namespace
from optlab.problems.signed_data import logistic
from optlab.solvers._weighted_samples import WeightedState, _WeightedSamples

__all__ = ["EXAMPLES", "LRGD", "NormalizedLRGD", "RiskAdaptiveGD"]

#: Inside this range nothing overflows or underflows, even in float32.
_TINY, _HUGE = 1e-30, 1e30


@dataclass
class _AveragedState(WeightedState):
    x_sum: Any = None  # sum of the iterates before this one
    margins_sum: Any = None  # and of their margins

    @property
    def average(self) -> Any:
        """Average of the iterates before this one."""
        return self.x_sum / self.k


@dataclass(frozen=True)
class NormalizedLRGD(_WeightedSamples):
    r"""Gradient descent on logistic regression with weights that sum to one.

    .. math:: \theta_{t+1} = \theta_t + \gamma \sum_i p_i z_i, \qquad
              p_i = \frac{\sigma(-z_i^\top \theta_t)}{\sum_j \sigma(-z_j^\top \theta_t)}, \qquad
              \sigma(s) = \frac1{1 + e^{-s}}

    It ends, with status EXACT, at the first iterate with all margins positive; from the origin that takes at most
    :math:`R^2/\mu^2 + 2 \log(2n - 1) / (\gamma \mu^2)` updates for every :math:`\gamma > 0` (Theorem 6.1 of the source;
    claim ``nlgd/C4``), where :math:`\mu` is the margin of the data and R the largest norm of a sample.  The iterate
    ``result.x`` is :math:`\theta / \gamma`; an `x0` is understood likewise.

    Parameters
    ----------
    gamma : float, default 100.0
        The step size, any positive number.  Infinity is the exact limit: weight 1 for a negative margin, 1/2 for a
        margin of zero, 0 for a positive one, then normalised.
    until_separated : bool, default True
        Whether to end at the first separating iterate.  False goes on until a limit: the loss keeps falling.

    Raises
    ------
    ValueError, TypeError
        If `gamma` is not a positive number.

    Notes
    -----
    Each row of the history tells about its own iterate: `loss` and `grad_norm` of :math:`f(\theta)`, and `log_loss`,
    which does not underflow.  They are no sign of progress here: before the data are separated a large step may send
    them to infinity (claim ``nlgd/C9``).  The method promises separation, not a large margin (claim ``nlgd/C14``); for
    that use a support vector machine.

    References
    ----------
    Alexander Tyurin, "From Logistic Regression to the Perceptron Algorithm: Exploring Gradient Descent with Large Step
    Sizes", AAAI 2025, arXiv 2412.08424, section 6.

    Examples
    --------
    >>> import optlab as ol
    >>> result = ol.NormalizedLRGD(gamma=1.0).run(ol.problems.WorstCase(100))
    >>> result.message
    'separated: all 100 margins are positive after 11 updates'
    """

    gamma: float = 100.0
    until_separated: bool = True

    def __post_init__(self) -> None:
        number("gamma", self.gamma, above=0, infinite=True)
        boolean("until_separated", self.until_separated)

    def _bound(self, n: int, ratio: float, inverse: float) -> float:
        return ratio + 2 * math.log(2 * n - 1) / self.gamma * inverse

    def theta(self, problem: Any, x: Any) -> Any:
        """Return the parameter that belongs to the iterate x (for a finite step size)."""
        return _finite(self.gamma) * x

    def weights(self, margins: Any, least: float, k: int) -> tuple[Any, dict[str, float]]:
        xp = namespace(margins)
        sigma, info = _smooth_weights(margins, least, self.gamma)
        total = float(xp.sum(sigma))
        info["grad_norm"] = total / margins.shape[0]
        if least <= 0:
            return sigma / total, info
        p = _softmin(margins, least, self.gamma) * (1 - sigma)  # every sigma may have underflowed
        return p / xp.sum(p), info


@dataclass(frozen=True)
class LRGD(_WeightedSamples):
    r"""Gradient descent on logistic regression with a constant step of any size.

    .. math:: \theta_{t+1} = \theta_t - \gamma \nabla f(\theta_t)
              = \theta_t + \frac{\gamma}{n} \sum_i \sigma(-z_i^\top \theta_t) z_i

    It ends, with status EXACT, at the first iterate with all margins positive.  For large steps it follows the Batch
    Perceptron (Theorem 3.2 of the source; claim ``nlgd/C8``) and may need a number of updates proportional to n
    (Theorem 5.1; claim ``nlgd/C10``).  To keep integer data exact, the iterate ``result.x`` is the plain sum of
    weighted samples, :math:`(n / \gamma)\, \theta`; an `x0` is understood likewise.

    Parameters
    ----------
    gamma : float, default 100.0
        The step size, any positive number.  Infinity is the exact limit: weight 1 for a negative margin, 1/2 for a
        margin of zero, 0 for a positive one.
    until_separated : bool, default True
        Whether to end at the first separating iterate.  False goes on until a limit: plain gradient descent.

    Raises
    ------
    ValueError, TypeError
        If `gamma` is not a positive number.

    Notes
    -----
    The history holds `loss`, `log_loss` and `grad_norm` of each iterate, see `NormalizedLRGD`.

    References
    ----------
    Alexander Tyurin, "From Logistic Regression to the Perceptron Algorithm: Exploring Gradient Descent with Large Step
    Sizes", AAAI 2025, arXiv 2412.08424, equation 3.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.LRGD(gamma=1.0).run(ol.problems.WorstCase(100)).k
    561
    """

    gamma: float = 100.0
    until_separated: bool = True

    def __post_init__(self) -> None:
        number("gamma", self.gamma, above=0, infinite=True)
        boolean("until_separated", self.until_separated)

    def _bound(self, n: int, ratio: float, inverse: float) -> float:
        c_n = 2 * (n - 1) / (2 * n - 1) * _lambert((2 * n - 1) / math.e)
        return 2 * n * (ratio + 2 * c_n / self.gamma * inverse)

    def theta(self, problem: Any, x: Any) -> Any:
        """Return the parameter that belongs to the iterate x (for a finite step size)."""
        return _finite(self.gamma) / problem.n * x

    def weights(self, margins: Any, least: float, k: int) -> tuple[Any, dict[str, float]]:
        n = margins.shape[0]
        sigma, info = _smooth_weights(margins, least, self.gamma / n)
        info["grad_norm"] = 1 / n
        return sigma, info


@dataclass(frozen=True)
class RiskAdaptiveGD(_WeightedSamples):
    r"""Gradient descent on the logarithm of the exponential loss, whose step adapts to the current risk.

    .. math:: w_{t+1} = w_t + \eta \sum_i p_i z_i, \qquad
              p_i = \frac{e^{-z_i^\top w_t}}{\sum_j e^{-z_j^\top w_t}}

    This is gradient descent on :math:`L(w) = \frac1n \sum_i e^{-z_i^\top w}` with step size :math:`\eta / L(w_t)`, our
    exponential-loss form of the risk-adaptive steps of the source.  The iterate ``result.x`` is :math:`w / \eta`; an
    `x0` is understood likewise.

    Parameters
    ----------
    eta : float, default 1.0
        The step size, a positive number.
    until_separated : bool, default True
        Whether to end, with status EXACT, at the first iterate with all margins positive.

    Raises
    ------
    ValueError, TypeError
        If `eta` is not a positive number.

    Notes
    -----
    The history holds `log_loss`, :math:`\log L(w_t)`, and `averaged_log_loss`, the same at the average of
    :math:`w_0, \dots, w_{t-1}`.  Derived here, for R = 1 and from the origin: the latter is at most
    :math:`-\eta (\mu^2 t - 1) / 2` once :math:`t \ge 1/(2\mu^2)` (claim ``nlgd/C15``); and the first separating iterate
    comes after at most :math:`R^2/\mu^2 + 2 W((n-1)/e) / (\eta \mu^2)` updates, W being Lambert's function
    (claim ``nlgd/C7``).  ``result.state.average`` is that average, in the units of x.

    References
    ----------
    Ruiqi Zhang, Jingfeng Wu, Licong Lin, Peter L. Bartlett, "Minimax Optimal Convergence of Gradient Descent in
    Logistic Regression via Large and Adaptive Stepsizes", 2025, arXiv 2504.04105.

    Examples
    --------
    >>> import optlab as ol
    >>> solver = ol.RiskAdaptiveGD(eta=10.0, until_separated=False)
    >>> result = solver.run(ol.problems.Orthant(4), max_iter=20)
    >>> float(result.history["averaged_log_loss"][-1])  # the bound is -10 (20/4 - 1)/2 = -20
    -23.75
    """

    eta: float = 1.0
    until_separated: bool = True

    def __post_init__(self) -> None:
        number("eta", self.eta, above=0)
        boolean("until_separated", self.until_separated)

    def _bound(self, n: int, ratio: float, inverse: float) -> float:
        return ratio + 2 * _lambert((n - 1) / math.e) / self.eta * inverse

    def theta(self, problem: Any, x: Any) -> Any:
        """Return the parameter w that belongs to the iterate x."""
        return self.eta * x

    def init(self, problem: Any, x0: Any, rng: Any) -> _AveragedState:
        xp = namespace(x0)
        margins = problem.margins(x0)
        state = _AveragedState(x0, margins=margins, x_sum=xp.zeros_like(x0), margins_sum=xp.zeros_like(margins))
        return self._look(problem, state)  # type: ignore[no-any-return]

    def step(self, problem: Any, state: Any) -> Any:
        state.x_sum = state.x_sum + state.x
        state.margins_sum = state.margins_sum + state.margins
        state = super().step(problem, state)
        averaged = state.margins_sum / state.k
        least = float(namespace(averaged).min(averaged))
        state.info["averaged_log_loss"] = _log_mean_exp(_softmin(averaged, least, self.eta), least, self.eta)
        return state

    def weights(self, margins: Any, least: float, k: int) -> tuple[Any, dict[str, float]]:
        p = _softmin(margins, least, self.eta)
        return p / namespace(margins).sum(p), {"log_loss": _log_mean_exp(p, least, self.eta)}


def _lambert(x: float) -> float:
    """Return the principal branch of Lambert's function."""
    from scipy.special import lambertw  # slow to import, and needed by few

    return float(lambertw(x).real)


def _finite(gamma: float) -> float:
    if math.isinf(gamma):
        raise ValueError("an infinite step size has no theta, only its direction x")
    return gamma


def _times(gamma: float, margins: Any) -> Any:
    """Return gamma * margins, where zero stays zero even for an infinite gamma (or one that float32 cannot hold)."""
    if gamma < _HUGE:
        return gamma * margins
    return namespace(margins).where(margins == 0, margins, gamma * margins)


def _smooth_weights(margins: Any, least: float, gamma: float) -> tuple[Any, dict[str, float]]:
    """Return sigma(-gamma m) for every margin, with the mean logistic loss and its logarithm."""
    sigma, losses = logistic(_times(gamma, margins))
    loss = float(namespace(margins).sum(losses)) / margins.shape[0]
    if loss > _TINY:
        return sigma, {"loss": loss, "log_loss": math.log(loss)}
    # About to underflow, but then log(1 + exp(-m)) is exp(-m) to full precision.
    return sigma, {"loss": loss, "log_loss": _log_mean_exp(_softmin(margins, least, gamma), least, gamma)}


def _softmin(margins: Any, least: float, gamma: float) -> Any:
    """Return exp(-gamma (m - least)) for every margin m."""
    return namespace(margins).exp(-_times(gamma, margins - least))


def _log_mean_exp(softmin: Any, least: float, gamma: float) -> float:
    """Return the logarithm of the mean of exp(-gamma m), from the values above."""
    mean = float(namespace(softmin).sum(softmin)) / softmin.shape[0]
    return math.log(mean) - (gamma * least if least else 0.0)


EXAMPLES: dict[str, Callable[[], Solver]] = {
    "NormalizedLRGD": NormalizedLRGD,
    "NormalizedLRGD(limit)": lambda: NormalizedLRGD(gamma=math.inf),
    "NormalizedLRGD(on)": lambda: NormalizedLRGD(gamma=1.0, until_separated=False),
    "LRGD": LRGD,
    "LRGD(limit)": lambda: LRGD(gamma=math.inf),
    "RiskAdaptiveGD": RiskAdaptiveGD,
    "RiskAdaptiveGD(on)": lambda: RiskAdaptiveGD(eta=10.0, until_separated=False),
}
