"""Runs the image's file system as a container engine would, without one: own mounts, own processes, numeric user, no rights, read-only root."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from repository import image_configuration, image_environment

DEADLINE = 60
DEVICES = ("null", "zero", "full", "random", "urandom")


class Image:
    """The file system that deploy/rootfs made, and what the Dockerfile says about running it."""

    def __init__(self, root):
        self.root = root
        configuration = image_configuration()
        self.environment = image_environment()
        self.entrypoint = json.loads(configuration["ENTRYPOINT"][0])
        self.command = json.loads(configuration["CMD"][0])
        self.health_check = json.loads(configuration["HEALTHCHECK"][0].partition("CMD ")[2])
        self.user, self.group = map(int, configuration["USER"][0].split(":"))


class Container:
    """One container: an image with mounts and variables; each command runs in mounts and processes of its own, on the same network."""

    def __init__(self, image, folder, environment=None, mounts=()):
        self.image = image
        self.environment = {**image.environment, **(environment or {})}
        # An engine makes mount points in a layer of its own before it closes the root.
        self.root = Path(tempfile.mkdtemp(dir=folder))
        shutil.copytree(image.root, self.root, dirs_exist_ok=True, symlinks=True)
        hosts = Path(folder, "hosts")
        hosts.write_text("127.0.0.1 localhost database.test\n")
        self.mounts = [(str(source), target, kind) for source, target, kind in [*mounts, (hosts, "/etc/hosts", "ro")]]
        for source, target, _ in self.mounts:
            point = self.root / target.lstrip("/")
            if Path(source).is_dir():
                point.mkdir(parents=True, exist_ok=True)
            else:
                point.parent.mkdir(parents=True, exist_ok=True)
                point.touch()
        for folder_of_engine in ("proc", "dev", "sys"):
            (self.root / folder_of_engine).mkdir(exist_ok=True)

    def start(self, words, **options):
        specification = json.dumps({
            "root": str(self.root), "mounts": self.mounts, "environment": self.environment, "words": words,
            "user": self.image.user, "group": self.image.group,
        })
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", sys.executable, __file__, specification]
        return subprocess.Popen(enter, text=True, **options)

    def run(self, *words, text=""):
        """Runs the program with these arguments to its end."""
        process = self.start([*self.image.entrypoint, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = process.communicate(text, timeout=DEADLINE)
        return process.returncode, output

    def is_healthy(self):
        """What an engine learns by the image's health check."""
        process = self.start(self.image.health_check, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return process.wait(timeout=DEADLINE) == 0

    def serve(self):
        return Served(self)


class Served:
    """The container's own command, running until the end of the `with` block."""

    def __init__(self, container):
        self.container = container

    def __enter__(self):
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        words = [*self.container.image.entrypoint, *self.container.image.command]
        self.process = self.container.start(words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until(lambda: self.process.poll() is not None or self.container.is_healthy(), "the container became healthy")
        if self.process.poll() is not None:
            raise AssertionError(f"the container ended with {self.process.returncode}:\n{self.said()}")
        # The first process of the container, as the host counts.
        self.pid = int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text())
        return self

    def __exit__(self, *_):
        # The program itself: its end isn't bound to that of the process around it any more once it has become another user.
        if not has_ended(self.pid):
            os.kill(self.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        until(lambda: has_ended(self.pid), "the container ended")
        self.log.close()

    def status(self):
        return dict(line.split(":\t", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if ":\t" in line)

    def mounts(self):
        """Where what is mounted inside, and how."""
        return {line.split()[1]: line.split()[3].split(",") for line in Path(f"/proc/{self.pid}/mounts").read_text().splitlines()}

    def inside(self, path):
        return Path(f"/proc/{self.pid}/root{path}")

    def metrics(self):
        """What Prometheus learns; by the default, only the container's own network can ask."""
        with urllib.request.urlopen("http://127.0.0.1:9464/metrics", timeout=10) as answer:
            return answer.read().decode()

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(timeout=DEADLINE)

    def said(self):
        return Path(self.log.name).read_text()


def has_ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def until(holds, what):
    """Waits until something holds, which it must before the deadline."""
    end = time.monotonic() + DEADLINE
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not in time: {what}")
        time.sleep(0.1)


def enter(root, mounts, environment, words, user, group):
    """What an engine does between its fork and the program's start."""
    import ctypes

    def mount(*arguments):
        subprocess.run(["mount", *arguments], check=True)

    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    mount("-t", "proc", "-o", "nosuid,nodev,noexec", "proc", f"{root}/proc")
    mount("-t", "sysfs", "-o", "ro,nosuid,nodev,noexec", "sysfs", f"{root}/sys")
    mount("-t", "tmpfs", "-o", "nosuid,noexec,mode=755", "tmpfs", f"{root}/dev")
    for device in DEVICES:
        Path(root, "dev", device).touch()
        mount("--bind", f"/dev/{device}", f"{root}/dev/{device}")
    mount("-t", "tmpfs", "-o", "mode=1777,size=64m,noexec,nosuid,nodev", "tmpfs", f"{root}/tmp")
    for source, target, kind in mounts:
        mount("--bind", source, root + target)
        if kind == "ro":
            mount("-o", "remount,bind,ro", root + target)
    mount("-o", "remount,bind,ro,nosuid,nodev", root)

    os.chroot(root)
    os.chdir("/")
    libc = ctypes.CDLL(None, use_errno=True)
    capability = 0
    while libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0:
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "cannot drop a capability")
        capability += 1
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot forbid new privileges")
    os.execve(words[0], words, environment)


PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 23, 24, 38

if __name__ == "__main__":
    enter(**json.loads(sys.argv[1]))
