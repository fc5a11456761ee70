"""The operations console: runbooks and incidents, stepped through by people and recorded in a journal."""

__version__ = "0.1.0"
