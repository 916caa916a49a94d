"""Where things are, and how to run a tool of this folder's environment."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
TOOLS = Path(sys.prefix) / "bin"


def run(*words, **options):
    """Runs a command at the repository's root and gives back its result; nothing is printed."""
    options = {"cwd": ROOT, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **options}
    return subprocess.run([str(word) for word in words], check=False, **options)


def tracked(*patterns):
    """The files under version control, and those that will be."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def image_configuration():
    """The last stage of the Dockerfile: its instructions by name, each with its arguments in order."""
    text = (DEPLOY / "Dockerfile").read_text()
    lines = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    found = {}
    for line in lines[last:]:
        if line.strip():
            name, arguments = line.split(None, 1)
            found.setdefault(name, []).append(re.sub(r"\s+", " ", arguments).strip())
    return found


def image_environment():
    """The variables that the image sets."""
    return dict(pair.split("=", 1) for line in image_configuration().get("ENV", []) for pair in line.split())


def without_portcullis_variables():
    """This process's environment, less the settings of a service that somebody may have exported."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PORTCULLIS_")}
