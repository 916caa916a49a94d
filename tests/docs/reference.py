"""Compares the reference pages with the source: what stands in the one and not in the other is a mistake."""

import re
from http import HTTPStatus
from pathlib import Path

from page import Failed

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ["core", "store", "web", "accounts", "portcullis"]


def sources():
    """The text of every source file, without tests."""
    for crate in SOURCES:
        for file in sorted((ROOT / crate / "src").rglob("*.rs")):
            if file.name != "tests.rs":
                yield file, re.split(r"#\[cfg\(test\)\]", file.read_text())[0]


def rows(page, heading):
    """The cells of the table below a heading, without back quotes."""
    text = (ROOT / page).read_text()
    match = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.M | re.S)
    if not match:
        raise Failed(f"{page}: no section `{heading}`")
    table = [line for line in match[1].splitlines() if line.startswith("|")][2:]
    return [[cell.strip().replace("`", "") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def same(page, heading, written, real, columns=1):
    written = {tuple(row[:columns]) for row in written}
    if written == real:
        return
    missing, surplus = sorted(real - written), sorted(written - real)
    raise Failed(f"{page}, `{heading}`: the source has, the page lacks: {missing}; the page has, the source lacks: {surplus}")


STATUS = {"bad_request": 400, "conflict": 409, "oauth": 400}
# Where the http crate has another word than Python.
WORDS = {"URI_TOO_LONG": 414, "PAYLOAD_TOO_LARGE": 413}


def number_of(status):
    return WORDS.get(status) or HTTPStatus[status].value


def problems():
    """Every problem's status and code: the constructors with a literal code, wherever they are called."""
    found, fields = set(), set()
    made = r"(?:Problem|Self)::(new|bad_request|conflict|oauth)\(\s*(?:(?:http::)?StatusCode::(\w+),\s*|status,\s*)?\"(\w+)\""
    for file, text in sources():
        calls = re.findall(r"Problem::(?:new|bad_request|conflict|oauth)\(", text)
        if len(calls) != len(re.findall(made.replace("(?:Problem|Self)", "Problem"), text)):
            raise Failed(f"{file.relative_to(ROOT)}: a problem's code isn't a literal here, so nobody can look it up")
        for how, status, code in re.findall(made, text):
            if how == "new" and not status:
                continue  # the one of an axum extractor, whose status is its own; in the page as `4xx`
            number = number_of(status) if status else STATUS[how]
            found.add((str(number), code))
        # An OAuth problem whose status is replaced.
        for code, status in re.findall(r'Problem::oauth\("(\w+)", "[^"]*"\)\s*\.with_status\(StatusCode::(\w+)\)', text):
            found.add((str(number_of(status)), code))
        fields |= set(re.findall(r'failures\.add\(\s*&?at,\s*"(\w+)"', text))
        fields |= set(re.findall(r'(?:failure|field)\(\s*(?:&?\w+|"[^"]*"),\s*"(\w+)"', text))
        fields |= set(re.findall(r'FieldError \{ pointer[^}]*?, code: "(\w+)"', text))
        fields |= set(re.findall(r'Self::\w+(?: \{ \.\. \})? => "(password_\w+)"', text))
    page = "docs/reference/problems.md"
    same(page, "Codes", rows(page, "Codes"), found | {("4xx", "refused")}, 2)
    same(page, "Codes of fields", rows(page, "Codes of fields"), {(code,) for code in fields})
    return len(found), len(fields)


def events():
    """Every event that is written by `tracing`: its level and its name, or its text where it has none."""
    found = set()
    for _, text in sources():
        for level, inside in re.findall(r"tracing::(error|warn|info|debug|trace)!\(((?:[^()]|\([^()]*\))*)\)", text):
            name = re.search(r'\bevent = "(\w+)"', inside)
            texts = re.findall(r'"((?:[^"\\]|\\.)*)"', inside)
            found.add((level, name[1] if name else texts[-1]))
    page = "docs/reference/log-events.md"
    same(page, "Other events", rows(page, "Other events"), found, 2)
    line = (ROOT / "web/src/observe/access_log.rs").read_text()
    line = line[line.index("fn json") : line.index("/// One line for people")]
    fields = {(name,) for name in ["timestamp", *re.findall(r'key!\("(\w+)"\)', line)]}
    same(page, "The line of a request", rows(page, "The line of a request"), fields)
    return len(found), len(fields)


def audit():
    """Every kind of audit event: those of accounts with their level, and the gate's refusals."""
    text = (ROOT / "accounts/src/service/audit.rs").read_text()
    names = dict(re.findall(r'Self::(\w+) => "(\w+_\w+)"', text[text.index("const fn name") : text.index("const fn level")]))
    levels = {}
    for variants, level in re.findall(r'((?:Self::\w+[\s|]*)+)=> "(\w+)"', text[text.index("const fn level") :].split("\n}\n")[0]):
        levels |= {variant: level for variant in re.findall(r"Self::(\w+)", variants)}
    found = {(name, levels[variant]) for variant, name in names.items()}
    denials = (ROOT / "accounts/src/service/denials.rs").read_text()
    critical = set(re.findall(r'denial\.kind == "(\w+)"', denials))
    constants, kinds = {}, set()
    for _, source in sources():
        constants |= dict(re.findall(r'const (\w+): &str = "(\w+)";', source))
        kinds |= set(re.findall(r'\.denied_by\(("?\w+"?), "(\w+)"\)', source))
    for kind, _ in kinds:
        kind = kind.strip('"') if kind.startswith('"') else constants[kind]
        found.add((kind, "critical" if kind in critical else "warn"))
    page = "docs/reference/log-events.md"
    same(page, "Audit events", rows(page, "Audit events"), found, 2)
    reasons = {(reason,) for _, reason in kinds}
    same(page, "Why the gate refuses", rows(page, "Why the gate refuses"), reasons)
    return len(found), len(reasons)


def metrics():
    """Every registered metric, by its name as `/metrics` writes it. (A test of the notes example compares with a running service.)"""
    found = set()
    for _, text in sources():
        for name, handle in re.findall(r'registry\.register\(\s*"(\w+)",\s*"[^"]*",\s*(\w+)', text):
            found.add(name)
    written = {re.sub(r"_(total|info)$", "", row[0]) for row in rows("docs/reference/metrics.md", "Metrics")}
    same("docs/reference/metrics.md", "Metrics", [[name] for name in written], {(name,) for name in found})
    return (len(found),)


def scopes():
    """Every scope that accounts declare."""
    declared = set(re.findall(r'ScopeEntry::new\("([^"]+)"', (ROOT / "accounts/src/scopes.rs").read_text()))
    page = "docs/reference/scopes.md"
    same(page, "Scopes of accounts", rows(page, "Scopes of accounts"), {(name,) for name in declared})
    return (len(declared),)


def defaults():
    """Every row of docs/defaults.md says where its values stand: `key = value`, `file: CONSTANT = value`, or `file holds text`."""
    page = "docs/defaults.md"
    configuration = {row[0]: row[2] for row in table("docs/configuration.md")}
    checked = 0
    for row in table(page):
        proofs = [proof.strip() for proof in row[2].split("<br>")] if len(row) > 2 else [""]
        for proof in proofs:
            if not stands(proof, configuration):
                raise Failed(f"{page}: `{row[0]}`: `{proof}` doesn't stand in docs/configuration.md or in the source")
            checked += 1
    return (checked,)


def stands(proof, configuration):
    if " holds " in proof:
        file, _, text = proof.partition(" holds ")
        return text in (ROOT / file).read_text()
    name, _, value = (part.strip() for part in proof.partition(" = "))
    if ": " not in name:
        return configuration.get(name, "") == value != ""
    file, _, constant = name.partition(": ")
    real = re.search(rf"\b{re.escape(constant)}: [^=]+ = ([^;]+);", (ROOT / file).read_text())
    return real is not None and real[1].strip() == value


def table(page):
    lines = [line for line in (ROOT / page).read_text().splitlines() if line.startswith("|")][2:]
    return [[cell.strip().replace("`", "") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


CHECKS = {"problem types": problems, "log events": events, "audit events": audit, "metrics": metrics, "scopes": scopes, "defaults": defaults}
