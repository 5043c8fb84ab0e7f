"""What must work with only NumPy, SciPy, numba and array-api-compat installed; run by `.ci/run` in such an environment.

    python tests/project/bare_check.py

A script and not a test: pytest is not there.
"""

import importlib.util
import sys
from pathlib import Path

ABSENT = ["cvxpy", "IPython", "joblib", "latex2mathml", "matplotlib", "pandas", "rich", "sklearn", "threadpoolctl"]


def main():
    """Import the installed package, run a solver on a problem, and look at what was needed."""
    present = [name for name in ABSENT if importlib.util.find_spec(name)]
    assert not present, f"this environment is not bare: it has {', '.join(present)}"

    import optlab as ol

    repository = Path(__file__).resolve().parents[2]
    assert repository not in Path(ol.__file__).parents or "site-packages" in ol.__file__, ol.__file__
    assert (Path(ol.__file__).parent / "py.typed").exists()

    problem = ol.problems.PlantedMargin(n=200, d=10, margin=0.1, rng=0)
    for solver in (ol.NormalizedLRGD(gamma=0.1), ol.Perceptron()):  # one of algebra, one with a kernel
        result = solver.run(problem, max_iter=10_000, rng=0)
        assert result.success, result
        assert problem.margins(result.x).min() > 0
        print(result)

    tops = {name.partition(".")[0] for name in sys.modules}
    third_party = sorted(name for name in tops - set(sys.stdlib_module_names) if not name.startswith("_"))
    print(f"optlab {ol.__version__}; imported: {', '.join(third_party)}")


if __name__ == "__main__":
    main()
