"""Every public name is documented in numpydoc: all parameters, and an example (which pytest runs as a doctest)."""

import enum
import inspect
import types

from numpydoc.docscrape import ClassDoc, FunctionDoc

import optlab
from optlab.solvers import block_coordinate_descent

ROOTS = (optlab, block_coordinate_descent)  # the latter is public, though `optlab.solvers.__all__` lists no packages
PLAIN = (enum.Enum, BaseException)  # a docstring that says what it is will do, as for Protocols
#: `rule_names()` and its like return the list of what they name; the docstring of their package shows all three.
LISTINGS = {f"{block_coordinate_descent.__name__}.{kind}_names" for kind in ("rule", "update", "partition")}


def public_objects():
    """Every class and function that the roots and the modules they list make public, by its shortest name."""
    queue = [(module.__name__, module) for module in ROOTS]
    found, seen = {}, {name for name, _ in queue}
    while queue:
        prefix, module = queue.pop(0)
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, types.ModuleType):
                if value.__name__ not in seen and hasattr(value, "__all__"):
                    seen.add(value.__name__)
                    queue.append((f"{prefix}.{name}", value))
            elif (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__.startswith("optlab"):
                found.setdefault(value, f"{prefix}.{name}")
    return {name: value for value, name in found.items()}


def is_plain(value):
    return inspect.isclass(value) and (issubclass(value, PLAIN) or getattr(value, "_is_protocol", False))


def is_small(name, value):
    """Pieces such as `stop.MaxIter(n)` or `constants.exact(value, how)`, whose one sentence says it all."""
    core = value.__module__.startswith("optlab.core.") and name.count(".") > 1
    return core or name in LISTINGS


def complaints(name, value):
    """What is missing in the docstring of a class or function."""
    if not (inspect.getdoc(value) or "").strip():
        return ["has no docstring"]
    if is_plain(value) or is_small(name, value):
        return []
    doc = ClassDoc(value, config={"show_class_members": False}) if inspect.isclass(value) else FunctionDoc(value)
    sections = ["Parameters", "Other Parameters", *(["Attributes"] if inspect.isclass(value) else [])]
    documented = {n.strip(" *`") for s in sections for p in doc[s] for n in p.name.split(",")}
    takes_nothing = inspect.isclass(value) and value.__init__ is object.__init__
    parameters = {} if takes_nothing else inspect.signature(value).parameters
    wanted = {name for name in parameters if not name.startswith("_") and name not in ("self", "cls")}
    asked = {n.strip(" *`") for p in doc["Parameters"] for n in p.name.split(",")}
    out = [f"does not document the parameter {name}" for name in sorted(wanted - documented)]
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        unknown = asked - set(parameters) - {""}
        out += [f"documents the parameter {name}, which it does not have" for name in sorted(unknown)]
    if not doc["Summary"]:
        out.append("has no summary line")
    if not doc["Examples"]:
        out.append("has no Examples section")
    return out


def undocumented_methods(cls):
    """Public methods and properties defined in optlab whose docstring is neither written nor inherited."""
    for name, member in inspect.getmembers(cls):
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if name.startswith("_") or not inspect.isfunction(function) or not function.__module__.startswith("optlab"):
            continue
        if not (inspect.getdoc(getattr(cls, name)) or "").strip():
            yield name


def test_every_public_name_is_documented():
    offenders = [f"{name} {what}" for name, value in public_objects().items() for what in complaints(name, value)]
    assert not offenders, "\n".join(offenders)


def test_every_public_method_is_documented():
    classes = [(name, cls) for name, cls in public_objects().items() if inspect.isclass(cls) and not is_plain(cls)]
    offenders = [f"{name}.{method}" for name, cls in classes for method in undocumented_methods(cls)]
    assert not offenders, "\n".join(offenders)


def test_all_names_exist_and_are_sorted_out():
    found = public_objects()
    assert len(found) > 20
    assert {"optlab.run", "optlab.solvers.block_coordinate_descent.GS", *LISTINGS} <= set(found)
    for module in ROOTS:
        assert len(set(module.__all__)) == len(module.__all__)
        for name in module.__all__:
            assert hasattr(module, name), name
            assert not name.startswith("_") or name == "__version__"


def test_the_docstring_test_can_fail():
    def lonely(x, y):
        """Add.

        Parameters
        ----------
        x : float
            One.
        z : float
            Not there.
        """

    assert complaints("optlab.lonely", lonely) == [
        "does not document the parameter y",
        "documents the parameter z, which it does not have",
        "has no Examples section",
    ]
    assert complaints("optlab.core.silent", lambda: None) == ["has no docstring"]
