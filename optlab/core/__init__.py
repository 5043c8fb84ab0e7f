"""The vocabulary of the package and its only loop."""
