"""The interface of a kind of step, and the built-in kinds."""
