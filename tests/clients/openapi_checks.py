"""The OpenAPI document against the running service: it is valid, and the service does what it says.

Usage: openapi_checks.py BASE_URL CA_FILE USER PASSWORD ADMIN ADMIN_PASSWORD
"""

import json
import os
import re
import ssl
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx
from openapi_spec_validator import OpenAPIV31SpecValidator

HERE = Path(__file__).parent
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
    "response_headers_are_documented",
]
# Examples per operation: a run is bounded by them, and by SECONDS if the service hangs.
EXAMPLES = 25
SECONDS = 120
# A run that logs itself out or waits on a stream tests nothing.
LEFT_ALONE = r"log-?_?out|/events$|/ws$|/stream$"


def main(base: str, ca: str, user: str, password: str, admin: str, admin_password: str) -> None:
    with httpx.Client(base_url=base, verify=ssl.create_default_context(cafile=ca), timeout=20) as client:
        document = client.get("/openapi.json").raise_for_status().json()
        failures = validate(document)
        tokens = {"anonymous": None, "user": log_in(client, user, password), "admin": log_in(client, admin, admin_password)}
        for caller, token in tokens.items():
            failures += fuzz(base, ca, document, caller, token)
            if token and client.get("/users/me", headers={"Authorization": f"Bearer {token}"}).status_code != 200:
                failures.append(f"as {caller}: the log-in did not survive the run, so the end of it tested nothing")
    for failure in failures:
        print(f"FAILED  {failure}")
    sys.exit(1 if failures else 0)


def validate(document: dict) -> list[str]:
    failures = [f"the document: {error.json_path}: {error.message}" for error in OpenAPIV31SpecValidator(document).iter_errors()]
    ids = Counter(operation.get("operationId") for _, operation in operations(document))
    failures += [f"operationId {name} is there {count} times" for name, count in ids.items() if name is None or count > 1]
    for name, operation in operations(document):
        if "security" not in operation:
            failures.append(f"{name} doesn't say who may pass")
        elif operation["security"] and "401" not in operation["responses"]:
            failures.append(f"{name} is protected, but documents no 401")
    if not failures:
        print(f"ok      the document is valid: OpenAPI {document['openapi']}, {sum(ids.values())} operations")
    return failures


def operations(document: dict) -> list[tuple[str, dict]]:
    methods = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
    return [(f"{method.upper()} {path}", item[method]) for path, item in document["paths"].items() for method in methods if method in item]


def log_in(client: httpx.Client, user: str, password: str) -> str:
    return client.post("/token", data={"username": user, "password": password}).raise_for_status().json()["access_token"]


def fuzz(base: str, ca: str, document: dict, caller: str, token: str | None) -> list[str]:
    folder = Path(os.environ["TEST_TOOLS"]).resolve() / "schemathesis" / caller
    folder.mkdir(parents=True, exist_ok=True)
    command = [Path(sys.executable).parent / "schemathesis", "--config-file", HERE / "schemathesis.toml", "run", f"{base}/openapi.json"]
    command += ["--tls-verify", Path(ca).resolve(), "--request-timeout", "10", "--seed", "1", "--max-examples", str(EXAMPLES), "--no-shrink"]
    command += ["--checks", ",".join(CHECKS), "--continue-on-failure", "--generation-database", "none", "--warnings", "off"]
    # Chains of calls find real ids; as administrator they would disable the caller.
    command += ["--phases", "examples,coverage,fuzzing,stateful" if caller == "user" else "examples,coverage,fuzzing"]
    command += ["--exclude-path-regex", "|".join(filter(None, [LEFT_ALONE, os.environ.get("EXCLUDE_PATHS")]))]
    command += ["--report", "har", "--report-har-path", folder / "calls.har", "--no-color"]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    with (folder / "report.txt").open("w") as report:
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
        run = subprocess.run(command, cwd=folder, env=environment, stdout=report, stderr=subprocess.STDOUT, timeout=SECONDS, check=False)

    calls = json.loads((folder / "calls.har").read_text())["log"]["entries"]
    statuses = Counter(call["response"]["status"] for call in calls)
    summary = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    failures = []
    if run.returncode != 0:
        failures.append(f"as {caller}: schemathesis ends with {run.returncode}\n{findings(folder / 'report.txt')}")
    if statuses[429] > len(calls) / 10:
        failures.append(f"as {caller}: {statuses[429]} of {len(calls)} calls met the rate limit; switch it off for this test")
    if caller == "anonymous":
        failures += opened(document, calls)
    elif not any(200 <= status < 300 for status in statuses):
        failures.append(f"as {caller}: no call succeeded")
    print(f"{'FAILED' if failures else 'ok    '}  schemathesis as {caller}: {len(calls)} calls ({summary})")
    return failures


def opened(document: dict, calls: list[dict]) -> list[str]:
    """The protected operations that an anonymous caller got through to."""
    shut = {name for name, operation in operations(document) if operation.get("security") and {} not in operation["security"]}
    templates = {path: re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path))) for path in document["paths"]}
    passed = set()
    for call in calls:
        path = httpx.URL(call["request"]["url"]).path
        matching = sorted((one for one, pattern in templates.items() if pattern.fullmatch(path)), key=lambda one: one.count("{"))
        if matching and 200 <= call["response"]["status"] < 300:
            passed.add(f"{call['request']['method']} {matching[0]}")
    return [f"{name} let an anonymous caller pass" for name in sorted(passed & shut)]


def findings(report: Path) -> str:
    text = report.read_text()
    start = re.search(r"^=+ (FAILURES|ERRORS) =+$", text, re.MULTILINE)
    return text[start.start() if start else -4000 :][:12_000] + f"\n(whole report: {report})"


if __name__ == "__main__":
    main(*sys.argv[1:])
