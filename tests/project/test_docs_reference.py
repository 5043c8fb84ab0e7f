"""The reference lists every room, and every module of the vocabulary."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_public_module_is_listed():
    listed = set(re.findall(r"^   (optlab\.[\w.]+)$", (ROOT / "docs/api/index.rst").read_text(), re.MULTILINE))
    rooms = {p.stem for p in (ROOT / "optlab").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    vocabulary = {p.stem for p in (ROOT / "optlab/core").glob("*.py")}
    wanted = {f"optlab.{room}" for room in rooms - {"core"} if not room.startswith("_")}
    wanted |= {f"optlab.core.{module}" for module in vocabulary if not module.startswith("_")}
    assert listed == wanted
