"""What docs/deployment.md and docs/operations.md tell an operator to do, done with the image."""

import contextlib
import http.client
import json
import re
import shutil
import socket
import sqlite3
import subprocess
import unittest
from pathlib import Path

from assembled import PASSWORD, USER, Base, https, log_in
from container import until
from repository import DEPLOY, ROOT

OPERATIONS = (ROOT / "docs/operations.md").read_text()
LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
DEPLOYMENT = (ROOT / "docs/deployment.md").read_text()


class Operations(Base):
    def with_ada(self, volume, environment=None):
        container = self.container(volume, environment)
        code, said = container.run("user", "add", "ada", "--role", "admin", "--password-stdin", text=PASSWORD + "\n")
        self.assertEqual(code, 0, said)
        return container

    def test_every_command_of_the_documents_is_one(self):
        container = self.container(self.volume())
        blocks = re.findall(r"```sh\n(.*?)```|`([^`\n]+)`", OPERATIONS + DEPLOYMENT, re.DOTALL)
        lines = [line for block in blocks for line in "".join(block).splitlines()]
        commands = {found[1] for line in lines if (found := re.search(r"(?:^|-- /|portcullis /|--rm )portcullis ([a-z-].*)$", line))}
        self.assertLessEqual({"user list", "user disable ada", "keys rotate", "healthcheck", "serve --check", "migrate", "user add ada --role admin"}, commands)
        for command in commands:
            # Asked for its help, a command says whether it and its options exist, and does nothing.
            code, said = container.run(*command.split(), "--help")
            self.assertEqual(code, 0, f"{command}: {said}")
            for option in re.findall(r"--[a-z-]+", command):
                self.assertIn(option, said, command)

    def test_the_commands_about_users_and_keys_do_what_is_said(self):
        container = self.with_ada(self.volume())
        commands = re.search(r"## Users and keys\n\n```sh\n(.*?)```", OPERATIONS, re.DOTALL)[1].splitlines()
        # Somebody who can sign in stays an administrator, or ada could not be disabled.
        code, said = container.run("user", "add", "bob", "--role", "admin", "--password-stdin", text=PASSWORD + "\n")
        self.assertEqual(code, 0, said)
        for command in commands:
            words = ["eve" if word == "ada" and "add" in command else word for word in command.removeprefix("portcullis ").split()]
            code, said = container.run(*words)
            self.assertEqual(code, 0, f"{command}: {said}")

    def test_the_table_of_metrics_is_what_is_served(self):
        volume = self.volume()
        authority = volume / "portcullis/tls/ca.pem"
        with self.with_ada(volume, {"PORTCULLIS_RATE_LIMIT__DEFAULT": "4/h"}).serve() as served:
            log_in("localhost", authority)
            # Denied, then limited: what never happened has no line.
            self.assertEqual([https("localhost", authority, "GET", "/users/me")[0] for _ in range(4)], [401, 401, 401, 429])
            text = served.metrics()
        served_names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
        documented = re.findall(r"^\| `(\w+)` \| [^|]*\| .+ \|$", OPERATIONS.split("## Metrics")[1].split("## Logs")[0], re.MULTILINE)
        bare = {re.sub(r"_(total|info)$", "", name) for name in documented}
        self.assertEqual(bare, served_names)
        for name in documented:
            self.assertRegex(text, rf"(?m)^(# TYPE )?{name}[ {{]", "the table names it otherwise")

    def test_the_fields_of_a_log_line_are_those_of_the_table(self):
        volume = self.volume()
        with self.with_ada(volume).serve() as served:
            log_in("localhost", volume / "portcullis/tls/ca.pem")
            https("localhost", volume / "portcullis/tls/ca.pem", "GET", "/nowhere", headers={"User-Agent": "test", "Authorization": "Bearer x"})
            served.stop()
            lines = [json.loads(line) for line in served.said().splitlines() if '"event":"http_request"' in line]
        self.assertGreaterEqual(len(lines), 3)
        table = OPERATIONS.split("## Logs")[1].split("## Audit log")[0]
        documented = {name for row in re.findall(r"^\| (`[^|]*) \|(.*)$", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", "".join(row))}
        for line in lines:
            self.assertLessEqual(line.keys(), documented)
            self.assertLessEqual({"timestamp", "level", "event", "method", "status", "duration_us", "request_id", "client_address", "protocol"}, line.keys())
            self.assertTrue("route" in line or "path" in line)

    @unittest.skipIf("[never]" in LARGE_PAGES.read_text() if LARGE_PAGES.exists() else True, "this system has no large pages")
    def test_passwords_are_hashed_in_large_pages(self):
        volume = self.volume()
        with self.with_ada(volume).serve() as served:
            log_in("localhost", volume / "portcullis/tls/ca.pem")
            maps = Path(f"/proc/{served.pid}/smaps").read_text()
        self.assertGreater(sum(int(size) for size in re.findall(r"AnonHugePages: +(\d+) kB", maps)), 2048)

    def test_a_backup_beside_the_running_service_is_restored(self):
        volume, another = self.volume(), self.volume()
        with self.with_ada(volume).serve() as served:
            log_in("localhost", volume / "portcullis/tls/ca.pem")
            statement = re.search(r'"(VACUUM INTO .*?)"', OPERATIONS)[1].replace("/backup/portcullis.db", str(self.folder / "backup.db"))
            connection = sqlite3.connect(volume / "portcullis/portcullis.db")
            connection.execute(statement)
            connection.close()
            self.assertEqual(served.stop(), 0, served.said())
        data = another / "portcullis"
        data.mkdir(mode=0o700)
        shutil.copy(self.folder / "backup.db", data / "portcullis.db")
        shutil.copy(volume / "portcullis/master.key", data)
        for path in (data, *data.iterdir()):
            shutil.chown(path, USER, USER)
            path.chmod(0o700 if path.is_dir() else 0o600)
        with self.container(another).serve() as served:
            self.assertEqual(log_in("localhost", data / "tls/ca.pem")["username"], "ada")
            self.assertEqual(served.stop(), 0, served.said())

    def test_another_master_key_than_the_databases_is_refused_by_name(self):
        volume = self.volume()
        container = self.with_ada(volume)
        (volume / "portcullis/master.key").unlink()
        code, said = container.run("serve")
        self.assertEqual(code, 1, said)
        self.assertIn("master key", said)


class BehindNginx(Base):
    NAME = "api.example.com"

    def test_nginx_passes_on_what_the_service_needs_to_know_and_nothing_that_a_client_claims(self):
        tls = self.certificate(self.NAME)
        for name, text in tls.items():
            (self.folder / name).write_text(text)
        example = (DEPLOY / "nginx/portcullis.conf").read_text()
        settings = dict(re.findall(r"^#   (PORTCULLIS_\w+)=(\S+)$", example, re.MULTILINE))
        self.assertEqual(len(settings), 4)
        volume = self.volume()
        container = self.container(volume, settings)
        code, said = container.run("user", "add", "ada", "--role", "admin", "--password-stdin", text=PASSWORD + "\n")
        self.assertEqual(code, 0, said)
        authority, lie = self.folder / "tls.crt", {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
        with container.serve() as served, self.nginx(example):
            self.assertEqual(log_in(self.NAME, authority, port=443, headers=lie)["username"], "ada")
            self.assertEqual(https(self.NAME, authority, "GET", "/users/me", port=443)[0], 401)
            plain = http.client.HTTPConnection("127.0.0.1", 80, timeout=10)
            plain.request("GET", "/users/me?a=b", headers={"Host": self.NAME})
            answer = plain.getresponse()
            self.assertEqual((answer.status, answer.headers["Location"]), (308, f"https://{self.NAME}/users/me?a=b"))
            plain.close()
            self.assertEqual(served.stop(), 0, served.said())
            lines = [json.loads(line) for line in served.said().splitlines() if '"event":"http_request"' in line]
        self.assertEqual({line["client_address"] for line in lines}, {"127.0.0.1"})

    @contextlib.contextmanager
    def nginx(self, example):
        """nginx with the example as it stands, but for where the certificate lies."""
        (self.folder / "portcullis.conf").write_text(example.replace("/etc/nginx/tls", str(self.folder)))
        scratch = "".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        main = self.folder / "nginx.conf"
        main.write_text(
            f"daemon off; pid {self.folder}/nginx.pid; error_log stderr; events {{}} "
            f"http {{ access_log off; {scratch} include {self.folder}/portcullis.conf; }}"
        )
        process = subprocess.Popen(["nginx", "-p", self.folder, "-c", main], stderr=subprocess.DEVNULL)
        try:
            until(lambda: self.answers(443), "nginx listens")
            yield
        finally:
            process.terminate()
            process.wait()

    def answers(self, port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
        return False
