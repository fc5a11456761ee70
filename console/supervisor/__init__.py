"""The process around one attempt: it outlives the server and records the true exit code.

It is started once for each attempt, so that its imports are part of the cost of a step: only C modules and `os`.
`typing` and `collections.abc` alone would add ten milliseconds; they are imported under a TYPE_CHECKING of our own.
"""
