"""The server of a console home: the only writer of the journal, the keeper of timers, the parent of supervisors."""
