"""The assembled image, for the tests that run it, and how its clients talk to it."""

import fcntl
import hashlib
import http.client
import json
import os
import socket
import ssl
import struct
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlencode

from container import Container, Image
from repository import DEPLOY, run

BINARY = os.environ["IMAGE_BINARY"]
USER = 65532
PASSWORD = "correct horse battery staple"


def https(name, authority, method, path, body=None, headers=None, port=8443):
    """One HTTPS request to this name at the container's port, trusting one authority alone."""
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20)
    context = ssl.create_default_context(cafile=str(authority))
    connection.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=20), server_hostname=name)
    try:
        connection.request(method, path, body, {"Host": name if name != "localhost" else "localhost:8443", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def log_in(name, authority, **options):
    """Logs ada in, and asks who she is with the token she got."""
    form = urlencode({"username": "ada", "password": PASSWORD})
    status, answer = https(name, authority, "POST", "/token", form, {"Content-Type": "application/x-www-form-urlencoded", **options.pop("headers", {})}, **options)
    assert status == 200, answer
    status, answer = https(name, authority, "GET", "/users/me", headers={"Authorization": f"Bearer {json.loads(answer)['access_token']}"}, **options)
    assert status == 200, answer
    return json.loads(answer)


def probe(path):
    """What a kubelet learns."""
    connection = http.client.HTTPConnection("127.0.0.1", 9464, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def fingerprint(folder):
    """Every file of a folder with its mode, owner and content."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
        found[str(path.relative_to(folder))] = (oct(status.st_mode), status.st_uid, status.st_gid, content)
    return found


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.everything = tempfile.TemporaryDirectory()
        os.chmod(cls.everything.name, 0o755)
        root = Path(cls.everything.name, "image")
        result = run(DEPLOY / "rootfs", BINARY, root)
        assert result.returncode == 0, result.stdout
        cls.image = Image(root)
        cls.addClassCleanup(cls.everything.cleanup)

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(dir=self.everything.name))
        os.chmod(self.folder, 0o755)

    def volume(self, owner=USER, group=USER, mode=0o700):
        """An empty volume; as the image's own /data, unless said otherwise."""
        volume = Path(tempfile.mkdtemp(dir=self.folder))
        os.chown(volume, owner, group)
        os.chmod(volume, mode)
        return volume

    def certificate(self, name, which="one"):
        """A certificate for this name that is its own authority, as the files of a Secret of type tls."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={which}"]
        words += ["-addext", f"subjectAltName=DNS:{name}", "-keyout", folder / "tls.key", "-out", folder / "tls.crt"]
        result = run(*words)
        self.assertEqual(result.returncode, 0, result.stdout)
        return {name: (folder / name).read_text() for name in ("tls.crt", "tls.key")}

    def container(self, volume, environment=None, mounts=()):
        data = [(volume, "/data", "rw")] if volume else []
        return Container(self.image, self.folder, environment, [*data, *mounts])


def raise_loopback():
    """A new network has its loopback down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh", b"lo", 0x1)
        fcntl.ioctl(any_socket, 0x8914, request)
