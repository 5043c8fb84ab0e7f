"""The command line: `optlab list`, `optlab info`, `optlab verify`, `optlab report`.

Nothing but the standard library is imported before a command asks for it, so that the first line is there at once.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import textwrap
import traceback
from collections.abc import Iterator, Sequence
from typing import Any

from optlab._version import __version__

__all__ = ["main"]

_EPILOG = """\
examples:
  optlab verify                          every theorem of the library
  optlab verify nlgd 'base/gd-*'         one method, and some claims of another
  optlab verify mine.py --html mine.html the claims of your own file
  optlab info base/gd-convex             what a claim says and how it is tried

exit code: 0 no unexpected verdict, 1 an unexpected one, 2 a usage or execution error (or Ctrl-C)
"""


class _UsageError(Exception):
    """What is wrong with what the user asked for, in one sentence."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process when absent.

    Returns
    -------
    int
        0 when no verdict is unexpected, 1 when one is, 2 on a usage or execution error.
    """
    options = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal without Unicode shows question marks, not a traceback
            stream.reconfigure(errors="replace")
    try:
        return int(options.command(options))
    except _UsageError as err:
        print(f"optlab: {err}", file=sys.stderr)
    except KeyboardInterrupt:
        print("optlab: interrupted", file=sys.stderr)
    except Exception:  # exit code 1 means an unexpected verdict, so a bug of ours must not end in it
        traceback.print_exc()
    return 2


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    about = "Run the theorems of numerical optimisation."
    parser = argparse.ArgumentParser("optlab", description=about, epilog=_EPILOG, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"optlab {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="list claims, solvers and problems")
    listing.add_argument("pattern", nargs="?", default="", help="part of a name, or a pattern such as 'base/gd-*'")
    listing.set_defaults(command=_list)

    info = commands.add_parser("info", help="describe a claim, a solver or a problem")
    info.add_argument("name", help="an id such as base/gd-convex, or a class name such as GradientDescent")
    info.set_defaults(command=_info)

    about = "check claims and write the report"
    verify = commands.add_parser("verify", help=about, epilog=_EPILOG, formatter_class=raw)
    verify.add_argument("targets", nargs="*", metavar="PATTERN|FILE.py", help="claims to check; all when absent")
    verify.add_argument("--budget", choices=("quick", "standard", "full"), default="quick", help="how much work")
    verify.add_argument("--seeds", type=int, metavar="N", help="repetitions, instead of each claim's own number")
    verify.add_argument("--jobs", type=int, metavar="J", help="worker processes (default: one for each core)")
    verify.add_argument("--rng", type=int, default=0, metavar="N", help="root of all random numbers (default: 0)")
    verify.add_argument("--json", metavar="FILE", help="write the numbers")
    verify.add_argument("--html", metavar="FILE", help="write the report")
    verify.add_argument("--quiet", action="store_true", help="no progress, and no table but the summary")
    verify.set_defaults(command=_verify)

    report = commands.add_parser("report", help="show a JSON file of `optlab verify` again")
    report.add_argument("file", metavar="JSON", help="what `optlab verify --json` wrote")
    report.add_argument("--html", metavar="FILE", help="write the report")
    report.add_argument("--quiet", action="store_true", help="no table but the summary")
    report.set_defaults(command=_report)
    return parser


def _verify(options: argparse.Namespace) -> int:
    for path in (options.json, options.html):
        _check_writable(path)
    if not options.quiet:
        print(f"optlab {__version__}: collecting the claims", file=sys.stderr, flush=True)
    import joblib

    from optlab.report import verify

    try:
        verification = verify(
            *options.targets,
            budget=options.budget,
            seeds=options.seeds,
            jobs=joblib.cpu_count() if options.jobs is None else options.jobs,
            rng=options.rng,
            progress=not options.quiet,
        )
    except Exception as err:  # before any work: a pattern, a number, or the user's own file
        raise _UsageError(_explain(err, options.targets)) from err
    if options.json:  # first, because it needs nothing to go right: the numbers are safe
        verification.to_json(options.json)
    _show(verification.to_dict(), options)
    return verification.exit_code


def _report(options: argparse.Namespace) -> int:
    from optlab.report.record import load_record

    _check_writable(options.html)
    try:
        record = load_record(options.file)
    except (OSError, ValueError) as err:
        raise _UsageError(_explain(err, ())) from err
    _show(record, options)
    return 0


def _show(record: dict[str, Any], options: argparse.Namespace) -> None:
    """Print the table, write the page, and say what was written."""
    from optlab.report.html import page
    from optlab.report.terminal import table
    from optlab.report.verification import write

    with _console() as console:
        console.print(table(record, quiet=options.quiet))
    if options.html:
        write(options.html, page(record))
    for path in (options.html, getattr(options, "json", None)):
        if path:
            print(f"wrote {path}", file=sys.stderr)


def _list(options: argparse.Namespace) -> int:
    from rich.text import Text

    from optlab.report.directory import listing

    try:
        found = listing(options.pattern)
    except ValueError as err:
        raise _UsageError(str(err)) from err
    with _console() as console:
        # A line each on a terminal; nothing is cut where it goes into a pipe.
        fit: dict[str, Any] = {"no_wrap": True, "overflow": "ellipsis"} if console.is_terminal else {"soft_wrap": True}
        for title, rows in found.items():
            first, second = (max(len(row[i]) for row in rows) for i in (0, 1))
            console.print(Text(f"{title} ({len(rows)})", style="underline"))
            for name, facts, words in rows:
                line = Text.assemble((f"  {name:<{first}}  ", "bold"), (f"{facts:<{second}}  ", "dim"), words)
                console.print(line, **fit)
    return 0


def _info(options: argparse.Namespace) -> int:
    from rich.text import Text

    from optlab.report.directory import describe

    try:
        facts = describe(options.name)
    except ValueError as err:
        raise _UsageError(str(err)) from err
    with _console() as console:
        for title, text in facts.items():
            if title in ("claim", "solver", "problem"):
                console.print(Text.assemble(f"{title} ", (text, "bold")))
            elif not title:
                console.print(Text(f"\n{text}"), soft_wrap=True)
            else:
                console.print(Text.assemble("\n", (title, "dim"), f"\n{textwrap.indent(text, '  ')}"), soft_wrap=True)
    return 0


@contextlib.contextmanager
def _console() -> Iterator[Any]:
    """Standard output; when the reader, `head` say, has had enough, the rest goes nowhere and the exit code stays."""
    from rich.console import Console

    width = shutil.get_terminal_size((120, 24)).columns
    try:
        yield Console(highlight=False, markup=False, emoji=False, width=width)
    except (BrokenPipeError, SystemExit):  # rich turns the first into the second, with exit code 1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check_writable(path: str | None) -> None:
    """Complain about a file that cannot be written before the work, not after it."""
    if path is None:
        return
    folder = os.path.dirname(os.path.abspath(path))
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as err:
        raise _UsageError(f"cannot make the folder {folder}: {err.strerror}") from err
    if os.path.isdir(path):
        raise _UsageError(f"cannot write {path}: it is a folder")
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise _UsageError(f"cannot write {path}: permission denied")


def _explain(err: Exception, targets: Sequence[str]) -> str:
    """Return an error in one sentence; one in the user's own file with its line."""
    files = {os.path.abspath(target) for target in targets if target.endswith(".py")}
    if isinstance(err, SyntaxError) and err.filename in files:
        return f"{err.filename}, line {err.lineno}: {type(err).__name__}: {err.msg}"
    for frame in reversed(traceback.extract_tb(err.__traceback__)):
        if os.path.abspath(frame.filename) in files:
            return f"{frame.filename}, line {frame.lineno}: {type(err).__name__}: {err}"
    if isinstance(err, ValueError | TypeError):
        return str(err)
    if isinstance(err, OSError):
        return f"{err.strerror}: {err.filename}" if err.strerror else str(err)
    raise err


if __name__ == "__main__":
    sys.exit(main())
