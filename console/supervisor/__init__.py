"""The process around one attempt: it outlives the server and records the true exit code."""
