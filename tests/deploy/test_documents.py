"""What the documents and manifests name is there: files, settings, anchors of this repository."""

import re
import tempfile
import unittest
from pathlib import Path

import systemd_unit as systemd
from repository import DEPLOY, ROOT, run

PAGES = [ROOT / "docs/deployment.md", ROOT / "docs/operations.md", DEPLOY / "README.md"]
# Not settings of the service: what compose files are given.
OF_COMPOSE = {"PORTCULLIS_PUBLISH", "PORTCULLIS_SECRETS"}


class Documents(unittest.TestCase):
    def test_every_setting_that_is_named_is_one(self):
        reference = (ROOT / "docs/configuration.md").read_text()
        known = set(re.findall(r"PORTCULLIS_\w+", reference))
        files = [*PAGES, *DEPLOY.glob("compose*.yaml"), *DEPLOY.rglob("kubernetes/**/*.*"), DEPLOY / "portcullis.service", DEPLOY / "nginx/portcullis.conf", DEPLOY / "Dockerfile"]
        for path in files:
            text = path.read_text()
            for name in re.findall(r"PORTCULLIS_[A-Z_]+[A-Z]", text):
                # What Kubernetes itself would make, named as a warning.
                if name not in OF_COMPOSE | {"PORTCULLIS_PORT"}:
                    self.assertIn(name, known, path)
        keys = set(re.findall(r"^\| `([\w.]+)` ", reference, re.MULTILINE))
        sections = {key.split(".")[0] for key in keys if "." in key}
        for path in PAGES:
            for key in re.findall(r"`(?:limits|tls|log|accounts|proxy)\.(?!crt|key`)\w+`", path.read_text()):
                self.assertIn(key.strip("`"), keys, path)
        self.assertLessEqual({"limits", "tls", "log", "accounts", "proxy"}, sections)

    def test_every_file_that_is_named_is_there(self):
        for path in PAGES:
            text = path.read_text()
            named = [(path.parent, name) for name in re.findall(r"\]\(([^)#:]+)\)", text)]
            named += [(ROOT, name) for name in re.findall(r"(?<![\w/.])(?:deploy|docs|tests|\.github)/[\w./-]*\w", text)]
            self.assertTrue(named)
            for base, name in named:
                # What the reader makes, as the page says.
                if not name.startswith("deploy/secrets"):
                    self.assertTrue((base / name).exists(), f"{path.name}: {name}")

    def test_the_table_of_files_is_whole(self):
        named = set(re.findall(r"`([\w./-]+)`", (DEPLOY / "README.md").read_text()))
        for path in DEPLOY.iterdir():
            if path.name not in ("README.md", "secrets"):
                self.assertTrue(any(name.split("/")[0] == path.name for name in named), path.name)

    def test_blocks_of_shell_are_shell(self):
        for path in PAGES:
            for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL):
                result = run("bash", "-n", input=block)
                self.assertEqual(result.returncode, 0, f"{path.name}: {result.stdout}\n{block}")

    def test_what_systemd_is_told_confines_the_service(self):
        unit = (DEPLOY / "portcullis.service").read_text()
        grace = int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[1])
        self.assertGreaterEqual(grace, 2 * 25 + 5)
        for line in ("DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict"):
            self.assertIn(f"{line}\n", unit)
        self.assertEqual(systemd.settings("CapabilityBoundingSet"), ["CAP_NET_BIND_SERVICE"])
        # In a user namespace the capability would not reach the port.
        self.assertNotRegex(unit, r"(?m)^PrivateUsers=(?!no)")
        self.assertIn("setpriority", systemd.allowed())

    def test_systemd_finds_no_mistake_in_the_unit_and_little_exposed(self):
        with tempfile.TemporaryDirectory() as folder:
            # The program of the unit isn't installed here: one that is stands for it.
            unit = Path(folder, "portcullis.service")
            unit.write_text((DEPLOY / "portcullis.service").read_text().replace("/usr/local/bin/portcullis", "/bin/true"))
            result = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
            self.assertEqual((result.returncode, result.stdout), (0, ""))
            result = run("systemd-analyze", "security", "--offline=true", "--threshold=20", unit)
            self.assertEqual(result.returncode, 0, result.stdout)


if __name__ == "__main__":
    unittest.main()
