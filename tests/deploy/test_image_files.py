"""The Dockerfile, what it is given, the compose files, and every shell script."""

import os
import re
import shutil
import tempfile
import tomllib
import unittest
from fnmatch import fnmatch
from pathlib import Path

import yaml

from repository import DEPLOY, ROOT, TOOLS, image_configuration, image_environment, run, tracked


def context():
    """The files that reach the builder. Docker's patterns, as far as .dockerignore uses them: everything is out but what begins with `!`."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*" and all(line.startswith("!") for line in lines[1:]), lines
    kept = [line[1:] for line in lines[1:]]
    return [path for path in tracked() if any(str(path.relative_to(ROOT)) == name or str(path.relative_to(ROOT)).startswith(f"{name}/") for name in kept)]


class Dockerfile(unittest.TestCase):
    def test_hadolint_finds_nothing(self):
        result = run(TOOLS / "hadolint", DEPLOY / "Dockerfile")
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_the_image_is_hardened(self):
        image = image_configuration()
        self.assertEqual(image["FROM"], ["scratch"])
        self.assertRegex(image["USER"][0], r"^[1-9]\d+:[1-9]\d+$")
        self.assertEqual(image["ENTRYPOINT"], ['["/portcullis"]'])
        self.assertRegex(image["HEALTHCHECK"][0], r'CMD \["/portcullis", "healthcheck"\]$')
        self.assertNotIn("ADD", image)
        self.assertNotIn("VOLUME", image, "an anonymous volume would hide that none was given")
        for label in ("title", "description", "licenses", "version", "revision", "created", "source"):
            self.assertIn(f"org.opencontainers.image.{label}=", image["LABEL"][0])

    def test_no_secret_is_in_its_environment(self):
        self.assertEqual(image_environment().keys(), {"PORTCULLIS_LISTEN", "PORTCULLIS_DATA_DIR", "GLIBC_TUNABLES"})

    def test_the_unit_tells_the_c_library_the_same(self):
        self.assertIn(f"Environment=GLIBC_TUNABLES={image_environment()['GLIBC_TUNABLES']}\n", (DEPLOY / "portcullis.service").read_text())

    def test_versions_agree(self):
        version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
        for path in [DEPLOY / "Dockerfile", DEPLOY / "compose.yaml", DEPLOY / "kubernetes/base/deployment.yaml", ROOT / ".github/workflows/ci.yml"]:
            for named in re.findall(r"(?:portcullis:|VERSION=)(\d[\w.]*)", path.read_text()):
                self.assertEqual(named, version, path)
        self.assertIn(f"newTag: {version}\n", (DEPLOY / "kubernetes/overlays/single-node/kustomization.yaml").read_text())

    def test_what_reaches_the_builder_is_enough_to_build(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in context():
                to = Path(folder, path.relative_to(ROOT))
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, to)
            result = run("cargo", "metadata", "--format-version", "1", "--locked", "--no-deps", cwd=folder)
            self.assertEqual(result.returncode, 0, "is a new crate missing in .dockerignore?\n" + result.stdout)
            self.assertTrue(Path(folder, ".cargo/config.toml").exists(), "SQLite would be built otherwise")
            for script in re.findall(r"deploy/\w+", (DEPLOY / "Dockerfile").read_text().partition("FROM ")[2]):
                self.assertTrue(os.access(Path(folder, script), os.X_OK), script)

    def test_nothing_private_reaches_the_builder(self):
        names = {str(path.relative_to(ROOT)) for path in context()}
        self.assertFalse({name for name in names if name.startswith(("target/", "data/", ".git/", "deploy/secrets"))})
        self.assertFalse({name for name in names for pattern in ("*.pem", "*.key", "*.env", "*.db") if fnmatch(name, pattern)})


class Compose(unittest.TestCase):
    def setUp(self):
        self.service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["portcullis"]
        self.production = yaml.safe_load((DEPLOY / "compose.production.yaml").read_text())["services"]["portcullis"]

    def test_the_container_is_hardened(self):
        service = self.service
        self.assertIs(service["read_only"], True)
        self.assertEqual(service["cap_drop"], ["ALL"])
        self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
        self.assertTrue({"noexec", "nosuid", "nodev"} <= set(service["tmpfs"][0].split(":")[1].split(",")))
        self.assertLessEqual({"pids_limit", "mem_limit", "cpus"}, service.keys())
        self.assertFalse({"privileged", "cap_add", "network_mode", "pid", "user"} & (service.keys() | self.production.keys()))
        self.assertNotIn("docker.sock", (DEPLOY / "compose.yaml").read_text() + (DEPLOY / "compose.production.yaml").read_text())

    def test_the_volume_is_where_the_image_keeps_its_data(self):
        (volume,) = self.service["volumes"]
        self.assertTrue(image_environment()["PORTCULLIS_DATA_DIR"].startswith(volume.split(":")[1] + "/"))

    def test_what_is_published_is_what_the_image_listens_on_and_only_here_until_said_otherwise(self):
        self.assertEqual(self.service["ports"], ["${PORTCULLIS_PUBLISH:-127.0.0.1:8443}:8443"])
        self.assertTrue(image_environment()["PORTCULLIS_LISTEN"].endswith(":8443"))

    def test_it_gets_the_time_that_the_service_takes_to_end(self):
        self.assertGreaterEqual(int(self.service["stop_grace_period"].removesuffix("s")), 2 * 25 + 5)

    def test_secrets_come_as_files(self):
        for name in {**self.service["environment"], **self.production["environment"]}:
            self.assertNotIn(name, ("PORTCULLIS_MASTER_KEY", "PORTCULLIS_DATABASE_URL"))
        self.assertTrue(self.production["volumes"][0].endswith(":ro"))
        self.assertEqual(run("git", "check-ignore", "deploy/secrets").returncode, 0)


class Scripts(unittest.TestCase):
    def test_shellcheck_finds_nothing(self):
        scripts = [path for path in tracked() if path.read_bytes()[:30].split(b"\n")[0] in (b"#!/usr/bin/env bash", b"#!/bin/sh", b"#!/bin/bash")]
        self.assertLessEqual({ROOT / "test", DEPLOY / "rootfs"}, set(scripts))
        result = run(TOOLS / "shellcheck", *scripts)
        self.assertEqual(result.returncode, 0, result.stdout)


if __name__ == "__main__":
    unittest.main()
