"""The theorems of the papers, one module per method; each module defines its claims as module-level objects."""
