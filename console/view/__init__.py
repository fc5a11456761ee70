"""Pure presenters from messages to rows, shared by the screens and the command line."""
