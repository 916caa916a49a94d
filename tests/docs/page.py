"""Runs a page of the documentation in an empty folder: every file is written, every command run, every shown output compared.

What a block is for stands in the line before it:

    `FILE`:                    the block is the whole file
    At the end of `FILE`:      the block is appended
    In `FILE`:                 a ```diff block: the lines with `-` and ` ` are there, those with `+` take the place of the `-` ones

A ```sh block is run, with the folder and the variables that the blocks before it left. After a line that ends with `leave it running:` it
runs in the background until a line `Stop it with Ctrl-C.`. A ```text or ```json block after a ```sh block is what must come out; `…` stands
for anything. When it begins with `error`, the command must fail. A ```console block shows tools that aren't ours and is left alone. Every other
block is a mistake of the page, so that nothing goes untried.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PATIENCE = 900


class Failed(Exception):
    pass


def blocks(text):
    """The page's fenced blocks: (line number, line before, language, content); and the lines `Stop it with Ctrl-C.`."""
    lines, at, before = text.splitlines(), 0, ""
    while at < len(lines):
        line = lines[at]
        fence = re.match(r"^(`{3,})(\S*)\s*$", line)
        if fence:
            end = next((i for i in range(at + 1, len(lines)) if lines[i] == fence[1]), None)
            if end is None:
                raise Failed(f"line {at + 1}: the block doesn't end")
            yield at + 1, before, fence[2], "\n".join(lines[at + 1 : end]) + "\n"
            at, before = end + 1, ""
            continue
        if line == "Stop it with Ctrl-C.":
            yield at + 1, before, "stop", ""
        before = line or before
        at += 1


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Page:
    def __init__(self, path, folder, environment, replace, lock):
        self.path, self.folder, self.replace, self.lock = path, folder, replace, lock
        self.state, self.environment = folder / ".state", environment
        self.running, self.output, self.code = None, None, 0
        self.shown_by_service = False
        # What stands in the page is the default; here every port is a free one.
        self.ports = {f":{port}": f":{free_port()}" for port in (8443, 9464, 9443)}
        self.environment |= {
            "PORTCULLIS_LISTEN": "127.0.0.1" + self.ports[":8443"],
            "PORTCULLIS_MANAGEMENT_LISTEN": "127.0.0.1" + self.ports[":9464"],
        }
        if "public_url = \"https://notes" not in path.read_text():
            self.environment["PORTCULLIS_PUBLIC_URL"] = "https://localhost" + self.ports[":8443"]

    def run(self):
        try:
            for line, before, language, content in blocks(self.path.read_text()):
                try:
                    self.step(before, language, content)
                except Failed as error:
                    raise Failed(f"{self.path}:{line}: {error}") from None
            if self.code != 0:
                raise Failed(f"{self.path}: the last command failed:\n{self.output}")
        finally:
            self.stop()

    def step(self, before, language, content):
        if language == "console":
            return
        if language in ("text", "json") and self.output is not None:
            return self.compare(content)
        if self.code != 0:
            raise Failed(f"the command before this failed ({self.code}):\n{self.output}")
        self.output, self.shown_by_service = None, False
        whole, tail, inside = (re.fullmatch(form, before) for form in (r"`([^`]+)`:", r"At the end of `([^`]+)`:", r"In `([^`]+)`:"))
        if language == "stop":
            self.stop()
        elif language == "sh":
            self.shell(self.filled(content), before.endswith("leave it running:"))
        elif whole or tail:
            file = self.folder / (self.root() / (whole or tail)[1])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(("" if whole else file.read_text()) + self.filled(content))
            if file.name == "Cargo.toml":
                # The dependencies of the checkout, not whatever is newest today.
                shutil.copy(self.lock, file.parent)
        elif inside and language == "diff":
            patch(self.folder / self.root() / inside[1], content)
        else:
            raise Failed(f"a block that nothing is done with (```{language}, after `{before}`): say which file it is, or which command shows it")

    def root(self):
        """Files are named from the project's folder: the first one that a command went into."""
        state = self.folder / ".root"
        return Path(state.read_text()) if state.exists() else Path(".")

    def filled(self, text):
        for name, value in (self.ports | self.replace).items():
            text = text.replace(name, value)
        return text

    def shell(self, commands, background):
        where = self.state.read_text() if self.state.exists() else ""
        script = f"set -euo pipefail\n{where}\n"
        if not background:
            script += f"set -a\ntrap '{{ export -p; echo \"cd \\\"$PWD\\\"\"; }} > \"{self.state}\"' EXIT\n"
        script += ("exec " if background else "") + commands
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTCULLIS_")} | self.environment
        if background:
            self.log = open(self.folder / ".log", "w+")
            self.running = subprocess.Popen(
                ["bash", "-c", script], cwd=self.folder, env=environment, stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )
            self.output, self.shown_by_service = "", True
            return
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            stdin=subprocess.DEVNULL, timeout=PATIENCE,
        )
        self.output, self.code = done.stdout, done.returncode
        gone = re.search(r'^cd "(.*)"$', self.state.read_text(), re.M)
        if gone and not (self.folder / ".root").exists() and Path(gone[1]) != self.folder:
            (self.folder / ".root").write_text(str(Path(gone[1]).relative_to(self.folder)))

    def compare(self, expected):
        pattern = ".*?".join(re.escape(part) for part in self.filled(expected.rstrip("\n")).split("…"))
        pattern = re.compile(pattern, re.S)
        deadline = time.monotonic() + PATIENCE
        while True:
            if self.shown_by_service:
                self.output = (self.folder / ".log").read_text()
            if pattern.search(self.output):
                break
            if not self.shown_by_service or self.running.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"this was shown:\n{expected}\nthis came out:\n{self.output}")
            time.sleep(0.05)
        if not self.shown_by_service and expected.startswith("error") != (self.code != 0):
            raise Failed(f"the command ended with {self.code}:\n{self.output}")
        self.output, self.code = None, 0

    def stop(self):
        running, self.running = self.running, None
        if running is None:
            return
        running.send_signal(signal.SIGINT)
        try:
            code = running.wait(60)
        except subprocess.TimeoutExpired:
            running.kill()
            raise Failed("the service didn't end on Ctrl-C") from None
        if code != 0:
            raise Failed(f"the service ended with {code}:\n" + (self.folder / ".log").read_text())


def patch(file, difference):
    old = "".join(line[1:] for line in difference.splitlines(True) if line[0] in " -")
    new = "".join(line[1:] for line in difference.splitlines(True) if line[0] in " +")
    text = file.read_text()
    if text.count(old) != 1:
        raise Failed(f"{file.name} doesn't hold these lines once:\n{old}")
    file.write_text(text.replace(old, new))
