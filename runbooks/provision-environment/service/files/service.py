#!/usr/bin/env python3
"""The service of an environment: one page with the version in its footer, and /healthz.

service.py start    make sure it runs with service.json from beside this file; restart it when that changed
service.py stop     end it, if it runs
"""

# ruff: noqa: T201  (what it prints is its answer)

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import html
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any

PROGRAM = Path(__file__).resolve()
HOME = PROGRAM.parent
CONFIG = HOME / "service.json"
PID = HOME / "service.pid"
LOG = HOME / "service.log"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{name}</title></head>
<body><h1>Environment {name}</h1><p>It runs, with {workers} workers.</p><footer>Version {version}</footer></body></html>
"""


def main(verb: str) -> int:
    """Start, stop or serve. Returns the exit code."""
    if verb == "serve":
        return serve()
    # Two that come at once take turns.
    with PROGRAM.open("rb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        return {"start": start, "stop": stop}[verb]()


def start() -> int:
    """Start the service unless this very one runs. The port is bound here, so that its being taken is told here."""
    wanted = digest()
    running = recorded()
    if running and running["digest"] == wanted:
        print(f"already runs as process {running['pid']}")
        return 0
    if running:
        end(running["pid"])
    config = json.loads(CONFIG.read_text("utf-8"))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", config["port"]))
    except OSError as error:
        print(f"port {config['port']} cannot be used: {error.strerror}", file=sys.stderr)
        return 1
    listener.listen(64)
    with LOG.open("ab") as log:
        # A session and an environment of its own: it belongs to the environment, not to the run that started it.
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), "serve", str(listener.fileno())],
            cwd=HOME, env={"PATH": os.defpath, "LANG": "C.UTF-8"}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, pass_fds=[listener.fileno()],
        )  # fmt: skip
    draft = PID.with_suffix(".new")
    draft.write_text(json.dumps({"pid": process.pid, "born": born(process.pid), "digest": wanted}), "utf-8")
    draft.replace(PID)
    print(f"{'restarted' if running else 'started'} as process {process.pid} on port {config['port']}")
    return 0


def stop() -> int:
    """End the service, and nothing else that may have its process number by now."""
    running = recorded()
    PID.unlink(missing_ok=True)
    if not running:
        print("did not run")
        return 0
    end(running["pid"])
    print(f"stopped process {running['pid']}")
    return 0


def recorded() -> dict[str, Any] | None:
    """The recorded service if it lives: its number, and the birth that tells a reused number apart."""
    try:
        record = json.loads(PID.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or not record.get("born"):
        return None
    return record if born(record.get("pid")) == record["born"] else None


def born(pid: object) -> int | None:
    """When a process started, in clock ticks since boot; None when it is not there, or dead."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def end(pid: int) -> None:
    """SIGTERM, and after five seconds SIGKILL; returns when the process is gone."""
    birth = born(pid)
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + 5
        with contextlib.suppress(OSError):
            os.kill(pid, number)
        while born(pid) == birth and time.monotonic() < deadline:
            time.sleep(0.02)


def digest() -> str:
    """What decides how the service behaves."""
    return hashlib.sha256(CONFIG.read_bytes() + b"\0" + PROGRAM.read_bytes()).hexdigest()


def serve() -> int:
    """Serve on the socket that `start` bound, until SIGTERM."""
    config = json.loads(CONFIG.read_text("utf-8"))
    server = Server(("127.0.0.1", config["port"]), Page, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=int(sys.argv[2]))
    server.page = PAGE.format(**{key: html.escape(str(value)) for key, value in config.items()}).encode("utf-8")
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.2)
    return 0


class Server(ThreadingMixIn, HTTPServer):
    """Answers each request in a thread of its own, which does not keep the service alive."""

    daemon_threads = True
    page = b""


class Page(BaseHTTPRequestHandler):
    """The page, and whether the service is well."""

    server: Server

    def do_GET(self) -> None:
        """Answer with the page, with ok, or with 404."""
        known = {"/": (200, "text/html; charset=utf-8", self.server.page), "/healthz": (200, "text/plain", b"ok\n")}
        status, kind, body = known.get(self.path, (404, "text/plain", b"not found\n"))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("start", "stop", "serve"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
