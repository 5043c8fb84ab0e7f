"""The frame of the project: metadata, dependencies, the Makefile's targets and the files that name a version agree."""

import configparser
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import optlab

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = {"gpu", "torch", "pep", "dask", "bench", "docs", "dev"}
TARGETS = ["verify", "test", "docs", "notebooks", "bench", "lint"]


@pytest.fixture(scope="module")
def setup_cfg():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def requirements(text):
    return [Requirement(line) for line in text.strip().splitlines() if line]


def test_dependencies_have_lower_bounds_and_no_caps(setup_cfg):
    texts = [setup_cfg["options"]["install_requires"], *setup_cfg["options.extras_require"].values()]
    for requirement in (r for text in texts for r in requirements(text) if r.name != "optlab-toolkit"):
        assert [s.operator for s in requirement.specifier] == [">="], requirement
    assert setup_cfg["options"]["python_requires"] == ">=3.11"


def test_extras(setup_cfg):
    extras = setup_cfg["options.extras_require"]
    assert set(extras) == EXTRAS
    with_torch = [name for name, text in extras.items() if any(r.name == "torch" for r in requirements(text))]
    assert with_torch == ["torch"]
    assert not any(r.name == "torch" for r in requirements(setup_cfg["options"]["install_requires"]))


def test_pyproject_holds_the_backend_and_the_tools_only():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(settings) == {"build-system", "tool"}
    assert settings["tool"]["pytest"]["ini_options"]["filterwarnings"][0] == "error"


def test_one_version():
    version = optlab.__version__
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()
    assert re.search(rf"^version: {re.escape(version)}$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)


def test_the_package_is_typed():
    assert (Path(optlab.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize("target", TARGETS)
def test_make_target(target):
    run = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert target in (ROOT / "Makefile").read_text().partition("verify:")[0], "it has no line in `make help`"


def test_make_tells_an_old_python(tmp_path):
    for name in ("Makefile", "setup.cfg", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    run = subprocess.run(["make", "verify", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode != 0
    assert "needs Python 3.11 or newer" in run.stderr
    assert not (tmp_path / ".venv").exists()


def test_ci_run_is_executable():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
