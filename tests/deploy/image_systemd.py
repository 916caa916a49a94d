"""The binary under the system calls, the user and the capabilities that deploy/portcullis.service leaves it."""

import os
import shutil
import signal
import subprocess
import unittest
from pathlib import Path

import systemd_unit as systemd
from assembled import BINARY, PASSWORD, USER, Base, log_in
from container import DEADLINE, until


class UnderSystemd(Base):
    NAME = "api.example.com"

    def setUp(self):
        super().setUp()
        self.data = self.volume()
        self.files = {}
        for name, text in self.certificate(self.NAME).items():
            self.files[name] = self.folder / name
            self.files[name].write_text(text)
            shutil.chown(self.files[name], USER, USER)
        self.binary = self.folder / "portcullis"
        shutil.copy(BINARY, self.binary)
        self.variables = {
            **dict(line.split("=", 1) for line in systemd.settings("Environment") if not line.startswith("PORTCULLIS_DATA_DIR")),
            "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "PORTCULLIS_DATA_DIR": str(self.data / "data"),
            "PORTCULLIS_LISTEN": "0.0.0.0:443", "PORTCULLIS_PUBLIC_URL": f"https://{self.NAME}", "PORTCULLIS_TLS__MODE": "files",
            "PORTCULLIS_TLS__CERT_FILE": str(self.files["tls.crt"]), "PORTCULLIS_TLS__KEY_FILE": str(self.files["tls.key"]),
        }

    def start(self, *words, **options):
        return systemd.start([self.binary, *words], env=self.variables, cwd=self.folder, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, **options)

    def test_it_binds_port_443_logs_in_and_its_hashing_threads_step_back(self):
        adding = self.start("user", "add", "ada", "--role", "admin", "--password-stdin", stdin=subprocess.PIPE)
        said, _ = adding.communicate(PASSWORD + "\n", timeout=DEADLINE)
        self.assertEqual(adding.returncode, 0, said)
        serving = self.start("serve", stdin=subprocess.DEVNULL)
        try:
            greeting = serving.stdout.readline()
            self.assertIn(f"Listening on https://{self.NAME}", greeting)
            self.assertEqual(log_in(self.NAME, self.files["tls.crt"], port=443)["username"], "ada")
            self.assertEqual(nice_of(serving.pid, "hashing-0"), 10)
            status = Path(f"/proc/{serving.pid}/status").read_text()
            self.assertRegex(status, r"(?m)^Seccomp:\t2$")
            self.assertRegex(status, r"(?m)^CapEff:\t0000000000000400$", "the right to bind low ports, and nothing else")
            self.assertRegex(status, rf"(?m)^Uid:\t{USER}\t")
            serving.send_signal(signal.SIGTERM)
            self.assertEqual(serving.wait(timeout=DEADLINE), 0)
        finally:
            serving.kill()
            serving.communicate()

    def test_the_filter_refuses_what_the_service_has_no_use_for(self):
        self.assertFalse({"mount", "chroot", "reboot", "setuid", "ptrace", "bpf", "sched_setaffinity", "init_module"} & systemd.allowed())
        # Seen to act: the same command with and without it.
        words = ["/bin/chown", f"{USER}:{USER}", str(self.files["tls.crt"])]
        self.assertEqual(subprocess.run(words, check=False).returncode, 0)
        refused = systemd.start(words, env=self.variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said, _ = refused.communicate(timeout=DEADLINE)
        self.assertIn("Operation not permitted", said)


def nice_of(pid, thread):
    """The nice value of a thread of a process, once it has one of that name."""
    found = []

    def look():
        for task in Path(f"/proc/{pid}/task").iterdir():
            name, fields = (task / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
            if name == thread:
                found.append(int(fields.split()[16]))
        return bool(found)

    until(look, f"the thread {thread} runs")
    return found[0]


if __name__ == "__main__":
    unittest.main()
