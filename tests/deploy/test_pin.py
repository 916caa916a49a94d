"""`deploy/pin`: what it finds, what it writes, and what it says when it can't."""

import http.server
import json
import tempfile
import threading
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

from repository import DEPLOY, run

COMMIT, DIGEST = "a" * 40, "sha256:" + "b" * 64
TEXT = """FROM rust:1.2.3-slim AS build
FROM scratch
      - uses: some/action@v1.2.3
      - uses: some/other/path@0123456789012345678901234567890123456789 # v2.0.0
      - uses: ./.github/workflows/ci.yml
"""


def load():
    loader = SourceFileLoader("pin", str(DEPLOY / "pin"))
    module = module_from_spec(spec_from_loader("pin", loader))
    loader.exec_module(module)
    return module


pin = load()


class Registry(http.server.BaseHTTPRequestHandler):
    """A registry that demands a token, as Docker's does."""

    def do_GET(self):
        self.answer(200, {}, json.dumps({"token": "t"} if "repository:library/rust" in self.path.replace("%3A", ":").replace("%2F", "/") else {}))

    def do_HEAD(self):
        realm = f'Bearer realm="http://127.0.0.1:{self.server.server_port}/token",service="r",scope="repository:library/rust:pull"'
        if self.headers.get("Authorization") != "Bearer t":
            self.answer(401, {"WWW-Authenticate": realm})
        elif self.path == "/v2/library/rust/manifests/1.2.3":
            self.answer(200, {"Docker-Content-Digest": DIGEST})
        elif self.path == "/v2/library/rust/manifests/nameless":
            self.answer(200, {})
        else:
            self.answer(404, {})

    def answer(self, status, headers, body=""):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class Pin(unittest.TestCase):
    def test_actions_and_images_get_their_digests_and_keep_their_versions(self):
        asked = []
        pinned = pin.rewritten(TEXT, lambda *what: asked.append(what) or COMMIT, lambda *what: asked.append(what) or DIGEST)
        self.assertEqual(asked, [("some/action", "v1.2.3"), ("some/other", "v2.0.0"), ("rust", "1.2.3-slim")])
        self.assertIn(f"FROM rust:1.2.3-slim@{DIGEST} AS build\nFROM scratch\n", pinned)
        self.assertIn(f"uses: some/action@{COMMIT} # v1.2.3\n", pinned)
        self.assertIn(f"uses: some/other/path@{COMMIT} # v2.0.0\n", pinned)
        self.assertIn("uses: ./.github/workflows/ci.yml\n", pinned)
        self.assertEqual(pin.rewritten(pinned, lambda *_: COMMIT, lambda *_: DIGEST), pinned)

    def test_a_commit_without_its_version_is_named(self):
        with self.assertRaisesRegex(pin.Unresolved, "some/action"):
            list(pin.found(f"uses: some/action@{COMMIT}\n"))

    def test_a_dry_run_lists_what_it_would_ask_for_and_changes_nothing(self):
        before = {path: path.read_bytes() for path in pin.files()}
        result = run(DEPLOY / "pin", "--dry-run")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("deploy/Dockerfile: image rust ", result.stdout)
        self.assertIn(".github/workflows/ci.yml: action actions/checkout v", result.stdout)
        self.assertEqual(before, {path: path.read_bytes() for path in pin.files()})

    def test_wrong_usage_ends_with_2(self):
        self.assertEqual(run(DEPLOY / "pin", "--dry").returncode, 2)

    def test_a_registry_is_asked_as_it_wants_to_be(self):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            registry = f"http://127.0.0.1:{server.server_port}"
            self.assertEqual(pin.digest_of("rust", "1.2.3", registry), DIGEST)
            for version, problem in [("nameless", "names no digest"), ("9.9.9", "answers 404")]:
                with self.assertRaisesRegex(pin.Unresolved, f"rust:{version}: the registry {problem}"):
                    pin.digest_of("rust", version, registry)
            server.shutdown()
        with self.assertRaisesRegex(pin.Unresolved, "cannot ask for rust:1.2.3"):
            pin.digest_of("rust", "1.2.3", "http://127.0.0.1:1")

    def test_a_tag_means_the_commit_behind_it(self):
        with tempfile.TemporaryDirectory() as folder:
            repository = Path(folder, "some/action")
            repository.mkdir(parents=True)
            git = ("git", "-C", repository, "-c", "user.name=x", "-c", "user.email=x@localhost")
            for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"], ["tag", "light"], ["tag", "-a", "-m", "x", "annotated"]):
                result = run(*git, *words)
                self.assertEqual(result.returncode, 0, result.stdout)
            head = run(*git, "rev-parse", "HEAD").stdout.strip()
            for version in ("light", "annotated"):
                self.assertEqual(pin.commit_of("some/action", version, folder), head)
            with self.assertRaisesRegex(pin.Unresolved, "some/action has no tag v9"):
                pin.commit_of("some/action", "v9", folder)


if __name__ == "__main__":
    unittest.main()
