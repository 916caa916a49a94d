"""The image's content, run as the image's user on a read-only root: what it holds, what it does, what it writes, how it fails."""

import json
import os
import ssl
import subprocess
import tempfile
from pathlib import Path

import yaml

from assembled import BINARY, PASSWORD, USER, Base, fingerprint, https, log_in, probe
from container import Container, until
from repository import DEPLOY, TOOLS, run

MOST_BYTES = 40_000_000


class Content(Base):
    def test_the_image_holds_what_is_listed_and_nothing_else(self):
        files = {name for name in fingerprint(self.image.root) if (self.image.root / name).is_file()}
        self.assertEqual(files, {"portcullis", "etc/ssl/certs/ca-certificates.crt", "etc/nsswitch.conf"})

    def test_the_image_is_small(self):
        size = sum(path.stat().st_size for path in self.image.root.rglob("*") if path.is_file())
        print(f"image: {size / 1e6:.1f} MB")
        self.assertLess(size, MOST_BYTES)

    def test_the_binary_needs_nothing_of_the_system(self):
        headers = run("readelf", "--program-headers", "--dynamic", BINARY).stdout
        self.assertIn("LOAD", headers)
        self.assertNotIn("INTERP", headers)
        self.assertNotIn("(NEEDED)", headers)

    def test_everything_belongs_to_root_but_the_data(self):
        for name, (mode, owner, group, _) in fingerprint(self.image.root).items():
            self.assertEqual((owner, group), (USER, USER) if name == "data" else (0, 0), name)
            self.assertEqual(int(mode, 8) & 0o6000, 0, f"{name} is setuid or setgid")
            if name != "tmp":
                self.assertEqual(int(mode, 8) & 0o022, 0, f"{name} can be written to by others")

    def test_an_assembled_folder_is_not_assembled_over(self):
        result = run(DEPLOY / "rootfs", BINARY, self.image.root)
        self.assertEqual(result.returncode, 1)
        self.assertIn("is not empty", result.stdout)


class Running(Base):
    def test_it_serves_without_rights_and_writes_nothing_but_its_volume(self):
        volume = self.volume()
        container = self.container(volume)
        self.assertFalse(container.is_healthy(), "nothing serves yet")
        code, said = container.run("user", "add", "ada", "--role", "admin", "--password-stdin", text=PASSWORD + "\n")
        self.assertEqual(code, 0, said)
        before = fingerprint(container.root)
        with container.serve() as served:
            self.assertEqual(log_in("localhost", volume / "portcullis/tls/ca.pem")["username"], "ada")
            status = served.status()
            self.assertEqual(status["NSpid"].split()[-1], "1", "signals reach it as the first process")
            self.assertEqual({*status["Uid"].split(), *status["Gid"].split()}, {str(USER)})
            self.assertEqual(status["Groups"].strip(), "")
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(int(status[name], 16), 0, name)
            self.assertEqual(status["NoNewPrivs"], "1")
            self.assertIn("ro", served.mounts()["/"])
            self.assertEqual(list(served.inside("/tmp").iterdir()), [])
            self.assertEqual(served.stop(), 0, served.said())
            for line in served.said().splitlines():
                if line.startswith("{"):
                    json.loads(line)
        self.assertFalse(container.is_healthy(), "nothing serves any more")
        self.assertEqual(fingerprint(container.root), before, "the root was written to")
        self.assertEqual((volume / "portcullis").stat().st_mode & 0o777, 0o700)
        self.assertTrue((volume / "portcullis/portcullis.db").is_file())
        self.assertEqual(list(volume.iterdir()), [volume / "portcullis"])

    def test_names_are_resolved_without_libraries(self):
        container = self.container(self.volume(), {"PORTCULLIS_DATABASE_URL": "postgres://ann:x@database.test:1/x"})
        code, said = container.run("migrate")
        self.assertEqual(code, 1, said)
        self.assertIn("refused", said)
        self.assertNotIn("lookup", said)

    def test_it_runs_as_kubernetes_runs_it(self):
        pod, settings = self.manifests()
        # A volume of root's, opened to the pod's group, as the kubelet does for `fsGroup`.
        volume = self.volume(owner=0, mode=0o2770)
        keys, tls = self.secret({"master.key": run("openssl", "rand", "-base64", "32").stdout}), self.secret(self.certificate("portcullis.example.com", "first"))
        sources = {"data": (volume, "rw"), "master-key": (keys, "ro"), "tls": (tls, "ro")}
        mounts = [(*sources[mount["name"]][:1], mount["mountPath"], sources[mount["name"]][1]) for mount in pod["volumeMounts"] if mount["name"] in sources]
        self.assertEqual(len(mounts), 3)
        container = Container(self.image, self.folder, settings, mounts)
        code, said = container.run("user", "add", "ada", "--role", "admin", "--password-stdin", text=PASSWORD + "\n")
        self.assertEqual(code, 0, said)
        with container.serve() as served:
            self.assertEqual([probe(pod[kind]["httpGet"]["path"]) for kind in ("startupProbe", "livenessProbe", "readinessProbe")], [200, 200, 200])
            name = settings["PORTCULLIS_PUBLIC_URL"].removeprefix("https://")
            self.assertEqual(log_in(name, tls / "tls.crt")["role"], "admin")
            self.assertFalse((volume / "portcullis/master.key").exists(), "the key came by its file")
            # Renewed the way Kubernetes does it: another folder, and one link that is swapped.
            self.swap(tls, self.certificate("portcullis.example.com", "second"))

            def is_renewed():
                try:
                    return https(name, tls / "tls.crt", "GET", "/livez")[0] == 200
                except ssl.SSLCertVerificationError:
                    return False

            until(is_renewed, "the renewed certificate is served")
            self.assertEqual(served.stop(), 0, served.said())

    def manifests(self):
        documents = list(yaml.safe_load_all(run(TOOLS / "kubectl", "kustomize", DEPLOY / "kubernetes/overlays/single-node").stdout))
        (deployment,) = (document for document in documents if document["kind"] == "Deployment")
        (settings,) = (document["data"] for document in documents if document["kind"] == "ConfigMap")
        return deployment["spec"]["template"]["spec"]["containers"][0], settings

    def secret(self, files):
        """A mounted Secret: links into a hidden folder, whose own link is swapped at a change."""
        folder = self.volume(owner=0, mode=0o1777)
        self.swap(folder, files)
        for name in files:
            (folder / name).symlink_to(f"..data/{name}")
        return folder

    def swap(self, folder, files):
        inner = Path(tempfile.mkdtemp(prefix="..", dir=folder))
        os.chmod(inner, 0o755)
        for name, text in files.items():
            (inner / name).write_text(text)
            os.chown(inner / name, 0, USER)
            os.chmod(inner / name, 0o440)
        (folder / "..new").symlink_to(inner.name)
        (folder / "..new").rename(folder / "..data")


class BadInput(Base):
    def refuses(self, container, *named):
        """The start ends soon, with exit code 1 and one line that says what and where."""
        code, said = container.run(*self.image.command)
        self.assertEqual(code, 1, said)
        errors = [line for line in said.splitlines() if line.startswith("error: ")]
        self.assertEqual(len(errors), 1, said)
        for name in named:
            self.assertIn(name, errors[0])

    def test_without_a_volume(self):
        self.refuses(self.container(None), "/data/portcullis")

    def test_with_a_volume_that_is_read_only(self):
        self.refuses(Container(self.image, self.folder, None, [(self.volume(), "/data", "ro")]), "/data/portcullis", "ead-only")

    def test_with_a_volume_of_somebody_else(self):
        volume = self.volume(owner=0, group=0, mode=0o755)
        self.refuses(self.container(volume), "/data/portcullis", "ermission denied")
        self.assertEqual(list(volume.iterdir()), [])

    def test_with_a_volume_that_is_full(self):
        volume = self.volume()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=16k,uid={USER},gid={USER},mode=700", "tmpfs", volume], check=True)
        try:
            self.refuses(self.container(volume), "/data/portcullis", "is there room")
        finally:
            subprocess.run(["umount", volume], check=True)

    def test_with_a_key_that_it_may_not_read(self):
        key = self.folder / "master.key"
        key.write_text("hunter2")
        key.chmod(0o400)
        container = self.container(self.volume(), {"PORTCULLIS_MASTER_KEY_FILE": "/run/master.key"}, [(key, "/run/master.key", "ro")])
        self.refuses(container, "master_key_file", "/run/master.key", "ermission denied")

    def test_with_a_placeholder_for_a_key(self):
        key = self.folder / "master.key"
        key.write_text("changeme\n")
        key.chmod(0o444)
        container = self.container(self.volume(), {"PORTCULLIS_MASTER_KEY_FILE": "/run/master.key"}, [(key, "/run/master.key", "ro")])
        self.refuses(container, "master_key")

    def test_without_the_certificate_that_was_named(self):
        settings = {"PORTCULLIS_TLS__MODE": "files", "PORTCULLIS_TLS__CERT_FILE": "/run/tls.crt", "PORTCULLIS_TLS__KEY_FILE": "/run/tls.key"}
        self.refuses(self.container(self.volume(), settings), "/run/tls.crt")
