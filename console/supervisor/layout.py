"""What lies in an attempt's directory, and the numbers that both sides must agree on. Imports nothing.

lock            held (flock, exclusive) by the supervisor for its whole life; never unlinked
claimed         recovery was here first: a supervisor that finds it starts nothing
supervisor.json who supervises, who runs, since when, under which boot
out             the output, redacted, append only; its existence says that the program may have been started
out.times       one record for each piece of `out`: when it came, where it begins, from which stream
exit.json       how it ended; written last, by rename, in space that was reserved at the start
ctl             the control socket
supervisor.log  only if the supervisor itself failed
"""

from __future__ import annotations

VERSION = 1

LOCK = "lock"
CLAIM = "claimed"
SUPERVISOR = "supervisor.json"
OUT = "out"
TIMES = "out.times"
EXIT = "exit.json"
CONTROL = "ctl"
LOG = "supervisor.log"

# The environment variable that marks the processes of an attempt.
MARKER = "CONSOLE_ATTEMPT"

# Who wrote a piece of the output. The supervisor's own words have a stream that no tool can write to.
SUPERVISOR_WORDS, STDOUT, STDERR, TERMINAL = range(4)

# A record of out.times, little-endian: milliseconds since the epoch (8), offset in `out` (8), stream (1).
TIMES_RECORD = 17

RECORD_BYTES = 16 * 1024

# The exit codes of the supervisor itself; how the program ended is only in exit.json.
EXIT_SUPERVISED = 0
EXIT_ALREADY = 3
EXIT_REFUSED = 4
EXIT_FAILED = 5
