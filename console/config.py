"""Where things are: the console home, the server's socket, the directories with plugins and runbooks.

Reads the environment and the file system when asked, never at import. Imports the standard library and
`console.errors` only, because every client loads it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from console.errors import ConfigError, RefusedError

# sun_path holds 108 bytes on Linux and 104 on macOS, with the final NUL.
MAX_SOCKET_BYTES = 100
MAX_CONFIG_BYTES = 1024 * 1024
CONFIG_KEYS = frozenset({"search_path"})

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Home(NamedTuple):
    """The directory that a server owns, and what lies in it. `root` is a real, absolute path."""

    root: Path

    @property
    def journal(self) -> Path:
        """The SQLite file with every event."""
        return self.root / "journal.db"

    @property
    def output(self) -> Path:
        """The SQLite file with the output of every attempt."""
        return self.root / "output.db"

    @property
    def spool(self) -> Path:
        """The directory in which each attempt has a directory of its own."""
        return self.root / "spool"

    @property
    def server_log(self) -> Path:
        """The log of the server that works on this home."""
        return self.root / "server.log"

    @property
    def server_lock(self) -> Path:
        """The file that the one server of this home keeps locked."""
        return self.root / "server.lock"

    @property
    def config_file(self) -> Path:
        """The optional configuration, in TOML."""
        return self.root / "config.toml"


def find_home(environ: Mapping[str, str] | None = None) -> Home:
    """The home that the environment means: $CONSOLE_HOME, else the user's data directory. Touches nothing.

    Raises ConfigError when the environment names no usable path.
    """
    env = os.environ if environ is None else environ
    chosen = env.get("CONSOLE_HOME")
    path = Path(chosen) if chosen else _data_directory(env) / "console"
    try:
        return Home(Path(os.path.realpath(path)))
    except (OSError, ValueError) as problem:
        raise ConfigError(
            f"The console home cannot be used: {problem}.",
            where=f"$CONSOLE_HOME is {chosen!r}" if chosen else str(path),
            mend="set CONSOLE_HOME to a directory of yours",
        ) from problem


def prepare_home(home: Home) -> Home:
    """Create the home (0700) when it does not exist, and check that only we can write to it.

    Raises RefusedError when it is not, ConfigError when it cannot be created.
    """
    private_directory(home.root, "console home")
    return home


def private_directory(path: Path, name: str) -> None:
    """Create `path` with mode 0700 unless it exists; either way it must be ours and closed to other writers.

    `name` is what the messages call it. Raises RefusedError or ConfigError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # what is there already is judged below
            path.mkdir(mode=0o700)
        found = path.lstat()
    except (OSError, ValueError) as problem:
        raise ConfigError(
            f"The {name} cannot be created: {getattr(problem, 'strerror', None) or problem}.",
            where=str(path),
            mend="make room or change its permissions, or set CONSOLE_HOME to a directory of yours",
        ) from problem
    _check_private(path, found, name)


def _check_private(path: Path, found: os.stat_result, name: str) -> None:
    problem = mend = None
    if not stat.S_ISDIR(found.st_mode):
        problem, mend = "is not a directory", f"move {path} away"
    elif found.st_uid != os.geteuid():
        problem, mend = f"belongs to uid {found.st_uid}, not to you", "use a directory of your own"
    elif found.st_mode & _WRITABLE_BY_OTHERS:
        problem, mend = "can be written to by others, who could forge what is in it", f"chmod go-w {path}"
    if problem:
        raise RefusedError(
            f"The {name} {problem}.", where=str(path), unaffected="nothing was read or written", mend=mend
        )


def others_can_write(path: Path) -> bool:
    """Whether anybody but the owner could change what `path` holds, going by its mode and its owner.

    What belongs to us or to root counts as safe. Raises OSError when there is nothing at `path`.
    """
    found = path.stat()
    return bool(found.st_mode & _WRITABLE_BY_OTHERS) or found.st_uid not in (0, os.geteuid())


def socket_path(home: Home, environ: Mapping[str, str] | None = None) -> Path:
    """Where the server of `home` listens: short whatever the home is called, and different for each home.

    Touches nothing; `prepare_socket` makes its directory. The path is under 100 bytes.
    """
    env = os.environ if environ is None else environ
    name = hashlib.sha256(os.fsencode(home.root)).hexdigest()[:12] + ".sock"
    for directory in _runtime_directories(env):
        path = directory / name
        if len(os.fsencode(path)) < MAX_SOCKET_BYTES:
            return path
    return Path(f"/tmp/console-{os.geteuid()}") / name  # noqa: S108 - prepare_socket checks its owner


def prepare_socket(path: Path) -> None:
    """Create the directory of the socket (0700), or check the one there. Raises as `private_directory`."""
    private_directory(path.parent, "socket's directory")
    if path.parent.lstat().st_mode & 0o077:
        raise RefusedError(
            "The socket's directory is open to others.",
            where=str(path.parent),
            unaffected="no connection was made",
            mend=f"chmod 700 {path.parent}",
        )


def _runtime_directories(env: Mapping[str, str]) -> Iterator[Path]:
    # A cron job or `su` has no XDG_RUNTIME_DIR, or somebody else's: it must find the socket a login finds.
    for base in (env.get("XDG_RUNTIME_DIR"), f"/run/user/{os.geteuid()}"):
        if base and Path(base).is_absolute() and _is_ours(Path(base)):
            yield Path(base) / "console"


def _is_ours(path: Path) -> bool:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _WRITABLE_BY_OTHERS


def _data_directory(env: Mapping[str, str]) -> Path:
    configured = env.get("XDG_DATA_HOME")
    if configured and Path(configured).is_absolute():  # the specification says to ignore a relative one
        return Path(configured)
    user_home = env.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises when there is none
    if not Path(user_home).is_absolute():
        raise ConfigError(
            "There is no home directory to keep the journal in.",
            where="neither CONSOLE_HOME, XDG_DATA_HOME nor HOME is an absolute path",
            mend="set CONSOLE_HOME to a directory of yours",
        )
    return Path(user_home) / ".local" / "share"


def shipped_root() -> Path:
    """The directory with the program's own `plugins` and `runbooks`, in a wheel or in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "_shipped"
    return installed if installed.is_dir() else package.parent


def search_path(home: Home) -> tuple[Path, ...]:
    """The directories that may hold `plugins/` and `runbooks/`: shipped, the home's, the configured ones.

    None of them need exist. Raises ConfigError when the configuration file cannot be used.
    """
    configured = [
        Path(os.path.expanduser(entry))  # noqa: PTH111 - keeps an unknown ~user as it is
        for entry in _configured_search_path(home.config_file)
    ]
    roots = (shipped_root(), home.root, *(home.root / entry for entry in configured))
    return tuple(dict.fromkeys(roots))


def _configured_search_path(file: Path) -> list[str]:
    value = _read_config(file).get("search_path", [])
    if not isinstance(value, list) or not all(isinstance(entry, str) and entry for entry in value):
        raise _bad_config(file, "search_path is not a list of directories", 'write search_path = ["/path/one"]')
    return value


def _read_config(file: Path) -> dict[str, object]:
    import tomllib  # only a server with a configuration file needs it

    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise _bad_config(file, f"it cannot be read: {problem.strerror}", "make it readable for you") from problem
    if len(raw) > MAX_CONFIG_BYTES:
        raise _bad_config(file, "it is larger than 1 MB", "keep only settings in it")
    try:
        config: dict[str, object] = tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as problem:
        raise _bad_config(file, str(problem) or "it is nested too deeply", "correct it, or move it away") from problem
    if unknown := sorted(config.keys() - CONFIG_KEYS):
        known = ", ".join(sorted(CONFIG_KEYS))
        raise _bad_config(file, f"unknown setting {', '.join(unknown)}", f"known settings: {known}")
    return config


def _bad_config(file: Path, problem: str, mend: str) -> ConfigError:
    return ConfigError(f"The configuration cannot be used: {problem}.", where=str(file), mend=mend)
