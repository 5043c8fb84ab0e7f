"""The one place where the version is written; setup.cfg and `optlab.__version__` both read it here."""

__all__ = ["__version__"]

__version__ = "0.1.0"
