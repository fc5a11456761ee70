"""Pictures of the screens, made by a script."""
