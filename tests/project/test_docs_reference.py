"""The pages and the package name the same things: the reference its modules, the text its claims."""

import re
from pathlib import Path

from optlab.claims import all_claims

ROOT = Path(__file__).resolve().parents[2]


def test_every_public_module_is_listed():
    listed = set(re.findall(r"^   (optlab\.[\w.]+)$", (ROOT / "docs/api/index.rst").read_text(), re.MULTILINE))
    rooms = {p.stem for p in (ROOT / "optlab").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    vocabulary = {p.stem for p in (ROOT / "optlab/core").glob("*.py")}
    wanted = {f"optlab.{room}" for room in rooms - {"core"} if not room.startswith("_")}
    wanted |= {f"optlab.core.{module}" for module in vocabulary if not module.startswith("_")}
    assert listed == wanted


def test_every_claim_named_on_a_page_exists():
    ids = {claim.id for claim in all_claims()}
    prefixes = "|".join({claim.method for claim in all_claims()})
    pages = [page for page in (ROOT / "docs").rglob("*.md") if not {"_build", "generated"} & set(page.parts)]
    named = {(page.name, id) for page in pages for id in re.findall(rf"`((?:{prefixes})/[\w.+-]+)`", page.read_text())}
    assert len(named) > 10
    assert not {(page, id) for page, id in named if id not in ids}
