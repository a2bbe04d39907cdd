"""The report, served while an exploration runs: made anew when something has happened, and not before."""

import errno
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from agent.reporting import view_of
from blocks.errors import SetpointError, WorkspaceError
from memory.report.page import render_report, vega
from memory.store import Store
from memory.workspace import Workspace

REFRESH = 3.0  # s between two looks of the page at the server


class Watch(ThreadingHTTPServer):
    """Serves one page at `/`.

    Args:
        workspace: With a store.
        exploration: Which one is shown; None: always the one in which something happened last.
        host: Address to listen on.
        port: To listen on; 0 takes any that is free.

    Raises:
        WorkspaceError: The port is taken, or the address is not of this machine.
    """

    daemon_threads = True

    def __init__(self, workspace: Workspace, *, exploration: str | None, host: str, port: int) -> None:
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            remedy = "--port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "--host"
            raise WorkspaceError(
                f"{host}:{port} must be an address of this machine that is free, but cannot be listened on "
                f"({error.strerror}); give another {remedy}"
            ) from error
        self._workspace = workspace
        self._exploration = exploration
        self._lock = Lock()
        self._page: tuple[str, bytes] | None = None

    @property
    def address(self) -> str:
        """What to type into a browser."""
        host, port = self.server_address[:2]
        shown = host.decode() if isinstance(host, bytes | bytearray) else host
        return f"http://{shown}:{port}/"

    def tag(self) -> str:
        """Changes when something has happened in the store."""
        with Store.open(self._workspace, create=False) as store:
            name = store.resolve(self._exploration)
            last = store.events(name, last=1)
        return f'"{name}-{last[-1].id if last else 0}"'

    def page(self) -> tuple[str, bytes]:
        """The page and its tag."""
        with self._lock:
            tag = self.tag()
            if self._page is None or self._page[0] != tag:
                with Store.open(self._workspace, create=False) as store:
                    view = view_of(store, store.resolve(self._exploration), refresh_s=REFRESH)
                self._page = tag, render_report(view, script=vega()).encode()
            return self._page


class _Handler(BaseHTTPRequestHandler):
    server: Watch

    def do_GET(self) -> None:
        """The page; anything else is not here."""
        self._answer(whole=True)

    def do_HEAD(self) -> None:
        """Whether there is a newer page."""
        self._answer(whole=False)

    def _answer(self, *, whole: bool) -> None:
        if self.path.split("?")[0] != "/":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            tag, page = self.server.page() if whole else (self.server.tag(), b"")
        except SetpointError as error:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, explain=str(error))
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("ETag", tag)
        self.send_header("Cache-Control", "no-store")
        if whole:
            self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        """Says nothing: a page that asks every few seconds would fill the screen."""
