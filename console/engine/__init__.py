"""The pure workflow engine: runbook model, events, and the functions decide, evolve and due."""
