"""The pipelines: least rights, everything pinned, and nothing asked for that isn't here."""

import re
import unittest

import yaml

from dependencies import locks
from repository import DEPLOY, ROOT, TOOLS, run, tracked

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def jobs():
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            yield f"{path.name}: {name}", job


def commands():
    for name, job in jobs():
        for step in job.get("steps", []):
            for line in step.get("run", "").splitlines():
                yield name, line.strip()


class Pipelines(unittest.TestCase):
    def test_zizmor_finds_nothing(self):
        result = run(TOOLS / "zizmor", "--offline", "--no-progress", ".github")
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_rights_are_given_to_jobs_one_by_one(self):
        for path in WORKFLOWS:
            self.assertEqual(yaml.safe_load(path.read_text())["permissions"], {}, path.name)
        for name, job in jobs():
            self.assertIsInstance(job.get("permissions"), dict, name)

    def test_every_action_is_pinned_to_a_commit_whose_version_stands_beside_it(self):
        pins = {}
        for path in WORKFLOWS:
            for name, pin in re.findall(r"uses: ([\w./-]+)(?:@(.*))?", path.read_text()):
                if name.startswith("./"):
                    self.assertTrue((ROOT / name).is_file(), name)
                    continue
                self.assertRegex(pin, r"^[0-9a-f]{40} # v\d+\.\d+\.\d+$", name)
                repository = "/".join(name.split("/")[:2])
                self.assertEqual(pins.setdefault(repository, pin), pin, f"{name} is pinned in two ways")

    def test_every_job_ends_in_time(self):
        for name, job in jobs():
            if "uses" not in job:
                self.assertLessEqual(job["timeout-minutes"], 90, name)

    def test_every_tool_has_one_version(self):
        versions = {}
        texts = [path.read_text() for path in [*WORKFLOWS, DEPLOY / "Dockerfile"]]
        installed = [word for text in texts for line in re.findall(r"cargo install --locked (.*)", text) for word in line.split()]
        for tool in installed:
            name, version = tool.split("@")
            self.assertRegex(version, r"^\d+\.\d+\.\d+$", tool)
            self.assertEqual(versions.setdefault(name, version), version, name)
        self.assertLessEqual({"cargo-deny", "cargo-hack", "cargo-auditable", "cargo-cyclonedx"}, versions.keys())

    def test_the_minimum_rust_version_is_the_one_that_is_promised(self):
        promised = re.search(r'^rust-version = "([\d.]+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
        (checked,) = {version for _, line in commands() for version in re.findall(r"cargo \+(\d[\d.]*) check", line)}
        self.assertEqual(checked, f"{promised}.0")
        base = re.search(r"^FROM rust:(\d+)\.(\d+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
        self.assertGreaterEqual(tuple(map(int, base.groups())), tuple(map(int, promised.split("."))))

    def test_what_is_run_is_there(self):
        programs = {line.split()[0] for _, line in commands() if "/" in line.split()[0]}
        self.assertLessEqual({"./test", "deploy/pin"}, programs)
        for program in programs:
            self.assertTrue((ROOT / program).stat().st_mode & 0o100, program)
        files = {file for _, line in commands() for file in re.findall(r"-f (\S+)", line)}
        self.assertTrue(files)
        for file in files:
            self.assertTrue((ROOT / file).is_file(), file)

    def test_nothing_that_somebody_else_writes_is_pasted_into_a_command(self):
        for name, job in jobs():
            for step in job.get("steps", []):
                self.assertNotIn("${{", re.sub(r"docker image inspect --format '\{\{.*?\}\}'", "", step.get("run", "")), name)

    def test_dependabot_watches_every_ecosystem(self):
        updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
        folders = {(update["package-ecosystem"], folder) for update in updates for folder in update.get("directories", [update.get("directory")])}
        for pattern, ecosystem in [("*requirements.txt", "pip"), ("*package-lock.json", "npm"), ("*Dockerfile", "docker"), ("*Cargo.lock", "cargo")]:
            for path in tracked(pattern):
                folder = "/" + str(path.parent.relative_to(ROOT)).removeprefix(".")
                self.assertIn((ecosystem, folder), folders)

    def test_both_pipelines_ask_for_the_advisories_of_every_lock_file(self):
        for pipeline in ("ci.yml", "nightly.yml"):
            asked = {match or "Cargo.toml" for name, line in commands() if name.startswith(pipeline) for match in re.findall(r"^cargo deny --locked (?:--manifest-path (\S+) )?check(?: advisories)?$", line)}
            self.assertEqual(asked, {str(path.with_suffix(".toml").relative_to(ROOT)) for path in locks()}, pipeline)

    def test_the_page_about_audits_lists_what_runs_every_night(self):
        table = (ROOT / "docs/audits.md").read_text().split("## Every night")[1].split("On the machine")[0]
        listed = re.findall(r"`([^`]+)`", "".join(line.split("|")[2] for line in table.splitlines() if line.startswith("| ")))
        nightly = [(name, line) for name, line in commands() if name.startswith("nightly.yml")]
        for command in listed:
            self.assertTrue(any(command in line for _, line in nightly), f"{command} does not run at night")
        for job in {name for name, _ in nightly}:
            self.assertTrue(any(command in line for name, line in nightly if name == job for command in listed), f"{job} is not on the page")


if __name__ == "__main__":
    unittest.main()
