"""What the lock files hold, judged by deny.toml and by a copy of the RustSec advisories: licences, bans, sources, advisories."""

import json
import re
import tomllib

from repository import ROOT, run, tracked


def policy():
    return tomllib.loads((ROOT / "deny.toml").read_text())


def packages():
    """Every crate that is built for the targets of deny.toml, as Cargo describes it."""
    targets = [word for target in policy()["graph"]["targets"] for word in ("--filter-platform", target)]
    result = run("cargo", "metadata", "--format-version", "1", "--locked", "--all-features", *targets, stderr=None)
    assert result.returncode == 0, "cargo metadata failed"
    return json.loads(result.stdout)["packages"]


def unlicensed(found, rules):
    """The crates of others whose licence is none of the allowed ones."""
    exceptions = {entry["crate"]: entry["allow"] for entry in rules["exceptions"]}
    for package in found:
        allowed = {*rules["allow"], *exceptions.get(package["name"], [])}
        if package["source"] and not satisfied(package["license"] or "none", allowed):
            yield f"{package['name']} {package['version']}: {package['license']}"


def satisfied(expression, allowed):
    """Whether an SPDX expression can be met by allowed licences alone; `/` is how crates once wrote OR."""
    words = re.findall(r"[()]|[^\s()/]+|/", expression)

    def alternatives():
        met = together()
        while words and words[0] in ("OR", "/"):
            words.pop(0)
            met = together() or met
        return met

    def together():
        met = single()
        while words and words[0] == "AND":
            words.pop(0)
            met = single() and met
        return met

    def single():
        word = words.pop(0)
        if word == "(":
            met = alternatives()
            words.pop(0)
            return met
        if words and words[0] == "WITH":
            word = f"{word} WITH {words[1]}"
            del words[:2]
        return word in allowed

    return alternatives()


def banned(found, rules):
    names = {entry["crate"] for entry in rules["deny"]}
    return [f"{package['name']} {package['version']}" for package in found if package["name"] in names]


def strangers(found, rules):
    """The crates that come from elsewhere than the allowed registries and this repository."""
    allowed = {None, *(f"registry+{url}" for url in rules["allow-registry"])}
    return [f"{package['name']}: {package['source']}" for package in found if package["source"] not in allowed]


def locks():
    """Every lock file of Cargo: the workspace's, and those of the workspaces beside it."""
    return sorted(path for path in tracked("*Cargo.lock") if path.name == "Cargo.lock")


def locked(path):
    """Name and version of everything in a lock file that isn't ours."""
    return [(package["name"], package["version"]) for package in tomllib.loads(path.read_text())["package"] if "source" in package]


def advisories(folder):
    """Every advisory of a copy of the RustSec database that was not withdrawn."""
    for path in sorted(folder.glob("crates/*/RUSTSEC-*.md")):
        text = re.match(r"```toml\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE)
        advisory = tomllib.loads(text[1])
        if "withdrawn" not in advisory["advisory"]:
            yield advisory


def hits(database, crates):
    """The advisories that speak of one of these crates in this version."""
    by_name = {}
    for advisory in database:
        by_name.setdefault(advisory["advisory"]["package"], []).append(advisory)
    for name, version in crates:
        for advisory in by_name.get(name, []):
            versions = advisory["versions"]
            if not any(matches(version, wanted) for wanted in [*versions["patched"], *versions.get("unaffected", [])]):
                yield advisory["advisory"], f"{name} {version}"


def matches(version, requirement):
    """Whether a version is within a requirement, as Cargo reads it."""
    return all(compares(parsed(version), part.strip()) for part in requirement.split(","))


def compares(version, part):
    sign, wanted = re.fullmatch(r"(>=|<=|>|<|=|\^|~)?\s*(.+)", part).groups()
    least = parsed(wanted)
    if sign in (None, "^", "~"):
        return least <= version < after(wanted, sign or "^")
    return {">=": version >= least, "<=": version <= least, ">": version > least, "<": version < least, "=": version == least}[sign]


def parsed(text):
    """A version as something that sorts: numbers, then whether it is a release, then the parts of its pre-release."""
    numbers, _, before = text.split("+")[0].partition("-")
    parts = [int(number) for number in numbers.split(".")]
    pre = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in before.split(".")) if before else ()
    return (*parts, *[0] * (3 - len(parts))), not before, pre


def after(text, sign):
    """The first version that is no longer compatible."""
    numbers = [int(number) for number in text.split("+")[0].partition("-")[0].split(".")]
    if sign == "~":
        kept = min(len(numbers), 2) - 1
    else:
        kept = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    limit = [*numbers[:kept], numbers[kept] + 1]
    return (*limit, *[0] * (3 - len(limit))), False, ()
