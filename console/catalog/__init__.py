"""Finding, loading, checking and rendering runbooks and plugins."""
