"""verify: options, progress, and that nothing already found is ever lost."""

import sys

import pytest

import optlab as ol
from optlab.report import progress


def test_counts_and_exit_codes(claims):
    def code(*names):
        return ol.verify(*(claims[name] for name in names), progress=False).exit_code

    assert code("supported", "known-false", "no-power") == 0
    assert code("supported", "refuted") == 1
    assert code("wrongly-supported") == 1
    assert code("supported", "crash") == 2


def test_lookup(verification):
    assert verification["mine/refuted"].verdict.name == "REFUTED"
    assert len(verification) == sum(verification.counts().values()) == len(list(verification))
    with pytest.raises(KeyError, match="no claim 'mine/nothing' was checked"):
        verification["mine/nothing"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": "huge"}, "budget must be one of"),
        ({"seeds": 0}, "seeds must be at least 1"),
        ({"jobs": 0}, "jobs must be a number of processes"),
        ({"rng": -1}, "rng must be at least 0"),
    ],
)
def test_options_are_checked_before_any_work(claims, options, message):
    with pytest.raises(ValueError, match=message):
        ol.verify(claims["crash"], **options)


def test_progress_is_told(claims):
    told = []
    ol.verify(claims["supported"], claims["refuted"], progress=lambda *news: told.append(news))
    assert told == [("mine/supported", 1, 2), ("mine/refuted", 2, 2)]


def test_progress_in_a_log(claims, capsys):
    ol.verify(claims["supported"], claims["refuted"])
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second = captured.err.splitlines()
    assert first.startswith("[1/2]")
    assert first.endswith("mine/supported  SUPPORTED")
    assert second.endswith("mine/refuted  REFUTED")


@pytest.mark.parametrize(("jobs", "expected"), [(1, ["a", "b", "done"]), (2, ["a, ...", "a done", "done"])])
def test_the_current_claim_is_named(jobs, expected):
    silent = progress._Silent(["a", "b"], jobs)
    assert [silent.current(0), silent.current(1, "a"), silent.current(2, "b")] == expected


def test_the_bar_on_a_terminal(claims, monkeypatch):
    import io

    import rich.console

    screen = io.StringIO()
    terminal = rich.console.Console(file=screen, force_terminal=True, width=90)
    monkeypatch.setattr(rich.console, "Console", lambda **options: terminal)
    ol.verify(claims["supported"], claims["refuted"])
    assert "0/2" in screen.getvalue()
    assert "mine/supported" in screen.getvalue()


def test_the_bar_in_a_notebook(claims, monkeypatch):
    import IPython.display

    shown = []

    class Handle:
        def update(self, what):
            shown.append(what.data)

    def display(what, display_id):
        shown.append(what.data)
        return Handle()

    monkeypatch.setattr(IPython.display, "display", display)
    with progress._Notebook(["mine/supported"], 1) as bar:
        bar.finished(claims["supported"].check(), 1)
    assert "0/1" in shown[0]
    assert "1/1" in shown[1]
    assert shown[-1] == ""


def test_an_interruption_keeps_what_was_done(claims):
    def interrupt(id, done, total):
        if done == 2:
            raise KeyboardInterrupt

    chosen = [claims[name] for name in ("supported", "known-false", "refuted")]
    verification = ol.verify(*chosen, progress=interrupt)
    assert verification.interrupted
    assert [outcome.claim.id for outcome in verification] == ["mine/supported", "mine/known-false"]
    assert verification.exit_code == 2
    assert "Interrupted, so far all 2 verdicts are as expected" in str(verification)


def test_a_dead_worker_costs_only_its_claims(claims, monkeypatch):
    def dying(chosen, *rest):
        yield chosen[0].check()
        raise OSError("a worker was killed")

    monkeypatch.setattr(sys.modules["optlab.report.verify"], "check_all", dying)  # the name is the function's too
    verification = ol.verify(claims["supported"], claims["refuted"], progress=False)
    assert [outcome.verdict.name for outcome in verification] == ["SUPPORTED", "ERROR"]
    assert "OSError: a worker was killed" in verification["mine/refuted"].judgement.message
    assert verification.exit_code == 2
