"""The page: well-formed, self-contained, everything escaped, every claim there, whatever its verdict."""

import re
from html.parser import HTMLParser

import pytest

import optlab as ol
from optlab.report._marks import prose, typeset
from optlab.report.html import fragment, page
from optlab.report.record import as_record

VOID = {"meta", "br", "link", "img", "hr", "input"}


class Tree(HTMLParser):
    """Checks nesting and collects tags, attributes, ids and visible text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.text = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        names = [name for name, _ in attributes]
        assert len(set(names)) == len(names), f"<{tag}> has an attribute twice"
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text.append(data)

    def values(self, name):
        return [value for _, attribute, value in self.attributes if attribute == name]


@pytest.fixture(scope="module")
def html(verification):
    return verification.to_html()


@pytest.fixture(scope="module")
def tree(html):
    return Tree(html)


def test_the_checker_can_fail():
    for bad in ("<p><b></p></b>", "<p>", "</p>", '<p id="a" id="b"></p>'):
        with pytest.raises(AssertionError):
            Tree(bad)


def test_no_script_no_network(html, tree):
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(tree.tags)
    assert not [name for _, name, _ in tree.attributes if name.startswith("on")]
    loads = [value for name in ("src", "href", "srcset", "action", "data", "poster") for value in tree.values(name)]
    assert loads
    assert all(value.startswith("#") for value in loads)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style
    assert html.count("<style>") == 1


def test_hostile_text_is_only_text(html, tree):
    assert "script" not in tree.tags
    assert html.count("</style>") == 1
    assert '<script>alert("1")</script> & <img src=x onerror=alert(2)>' in "".join(tree.text)


def test_every_claim_is_anchored(record, tree):
    ids = tree.values("id")
    assert len(set(ids)) == len(ids)
    for row in record["claims"]:
        assert row["id"] in ids
        assert f"#{row['id']}" in tree.values("href")


def test_references_inside_figures_resolve(html, tree):
    ids = set(tree.values("id"))
    used = set(re.findall(r"url\(#([^)]+)\)", html)) | {value[1:] for value in tree.values("href")}
    assert used <= ids


def test_formulas_are_mathml(html, tree):
    assert "math" in tree.tags
    assert "<mfrac>" in html
    assert r"\frac" not in html


def test_what_a_reader_needs_is_there(record, tree):
    text = " ".join(" ".join(tree.text).split())
    for words in (
        *("Assumptions checked", "f is convex", "L is known exactly or as a certified upper bound"),
        *("Negative controls", "half the bound", "(tight)", "Left out", "derived here", "It is off by a tenth."),
        *("power not shown", "Expected to be REFUTED.", "what Python said", "RuntimeError", "numpy", "1 seed"),
        *("none: nothing shows that the study could have failed", "should have been refuted", "optlab-toolkit"),
    ):
        assert words in text, words
    assert " ".join(record["command"].split()) in text
    for row in record["claims"]:
        assert row["rule"].replace("<=", "≤") in text


def test_figures_are_small_named_and_follow_the_page(html):
    figures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(figures) >= 12
    for svg in figures:
        assert len(svg) < 12_000
        assert re.match(r'<svg [^>]*role="img" aria-label="[^"]+"', svg)
        assert "currentColor" in svg
        assert "var(--measured" in svg
        assert "var(--bound" in svg
        assert "font-family" not in svg
        assert "<metadata" not in svg


def test_the_headline_tells(verification, claims):
    assert re.search(r"<h1>\d+ of \d+ verdicts are not as expected</h1>", page(verification))
    good = ol.verify(claims["supported"], claims["known-false"], progress=False)
    assert "<h1>All 2 verdicts are as expected</h1>" in page(good)
    assert "refuted as expected" in page(good)


def test_interrupted_and_empty(record):
    cut = page({**record, "claims": record["claims"][:1], "interrupted": True})
    assert "<h1>Interrupted, so far the verdict is as expected</h1>" in cut
    assert "finished by then" in cut
    Tree(cut)
    Tree(page({**record, "claims": []}))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("at most 2 L D^2 / (k + 1)^2", "at most 2 L D<sup>2</sup> / (k + 1)<sup>2</sup>"),
        ("x_0 <= mu^{k+1}", "x<sub>0</sub> ≤ μ<sup>k+1</sup>"),
        ("theta_t, 10^-3, e^L - 1", "θ<sub>t</sub>, 10<sup>-3</sup>, e<sup>L</sup> − 1"),
        ("the maximum of alphabets & <b>", "the maximum of alphabets &amp; &lt;b&gt;"),
    ],
)
def test_plain_mathematics_in_words(text, html):
    assert prose(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("1.5e-07", "1.5\u202f·\u202f10<sup>−7</sup>"),
        ("1 + 1e-09", "1 + 10<sup>−9</sup>"),
        ("2e+300", "2\u202f·\u202f10<sup>300</sup>"),
        ("case1e5", "case1e5"),
        ("a <= b", "a ≤ b"),
    ],
)
def test_numbers_are_typeset(text, html):
    assert typeset(text) == html


def test_light_dark_phone_print(html):
    for rule in ("prefers-color-scheme: dark", "max-width: 46rem", "@media print"):
        assert rule in html
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html


def test_a_figure_that_fails_costs_only_itself(record):
    row = {**record["claims"][0], "series": [{"label": "half of it", "axis": [1.0]}]}
    text = page({**record, "claims": [row]})
    assert "The figure could not be drawn" in text
    assert "half the bound" in text


def test_fragment(verification, claims, record):
    short = fragment(verification)
    Tree(short)
    assert "<svg" not in short
    assert all(f">{row['id']}<" in short for row in record["claims"])
    one = ol.verify(claims["supported"], progress=False)
    alone = one._repr_html_()
    Tree(alone)
    assert "<svg" in alone
    assert "half the bound" in alone
    assert "<math" in alone


def test_a_file_renders_like_the_fresh_run(verification, html, tmp_path):
    import json

    verification.to_json(tmp_path / "claims.json")
    assert page(as_record(json.loads((tmp_path / "claims.json").read_text()))) == html
