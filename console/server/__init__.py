"""The server of one console home: the only writer of its journal."""
