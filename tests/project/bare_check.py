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
    result = ol.NormalizedLRGD(gamma=100.0).run(problem, max_iter=10_000, rng=0)
    assert result.success, result
    assert problem.margins(result.x).min() > 0

    third_party = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
    print(f"optlab {ol.__version__} in a bare environment: {result.status.name} after {result.k} steps")
    print("imported:", ", ".join(sorted(name for name in third_party if not name.startswith("_"))))


if __name__ == "__main__":
    main()
