"""A server on this machine that stands for the public ones; no test leaves it."""

from __future__ import annotations

import http.server
import threading

import pytest


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves ``server.files``; understands ranges; may cut an answer off."""

    def do_GET(self):
        server = self.server
        server.log.append((self.path, self.headers.get("Range")))
        content = server.files.get(self.path.lstrip("/"))
        if content is None:
            self.send_error(404)
            return
        start = 0
        if self.headers.get("Range") and server.ranges:
            start = int(self.headers["Range"][6:].rstrip("-"))
            if start >= len(content):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        sent = content[start : start + server.cut] if server.cut else content[start:]
        self.wfile.write(sent)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    for name in ("RENKEI_DATASET_MIRROR", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RENKEI_DATASET_ROOT", str(tmp_path / "root"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.log, server.cut, server.ranges = {}, [], None, True
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
