"""The surroundings that a page is run in."""

import os
import subprocess
import tempfile
import tomllib
from pathlib import Path

from page import Page

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")


def run_page(name):
    """Runs the commands of a page in an empty folder, with the ready-made service on the path."""
    subprocess.run(["cargo", "build", "--quiet", "--locked", "-p", "portcullis-cli"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory(prefix="portcullis-docs-") as folder:
        folder = Path(folder).resolve()
        (folder / "work").mkdir()
        surroundings(folder)
        environment = {
            "CARGO_TARGET_DIR": str(TARGET),
            "CARGO_NET_OFFLINE": "true",
            "CARGO_TERM_COLOR": "never",
            "PATH": f"{TARGET / 'debug'}:{os.environ['PATH']}:/usr/sbin",
            "HOME": os.environ.get("HOME", str(folder)),
        }
        replace = {
            # The checkout stands beside the reader's folder; here it is where it is.
            "../portcullis/": f"{ROOT}/",
            # A release build takes minutes: what is shown here is the same with the debug profile.
            "build --quiet --release": "build --quiet",
            "target/release/": f"{TARGET}/debug/",
        }
        page = Page(ROOT / name, folder / "work", environment, replace, ROOT / "Cargo.lock")
        page.run()


def surroundings(folder):
    """What makes the build quick: the checkout's profile, in a cargo configuration above the project."""
    (folder / ".cargo").mkdir()
    workspace = (ROOT / "Cargo.toml").read_text()
    profile = workspace[workspace.index("[profile.dev]") : workspace.index("[profile.release]")]
    tomllib.loads(profile)
    (folder / ".cargo/config.toml").write_text(profile)
