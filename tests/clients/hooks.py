"""One more check for schemathesis: a header that a client acts on is documented for the answer that carries it."""

import schemathesis

# What a client needs to know of; the headers that every answer carries (security, rate limits, tracing) aren't repeated per operation.
MEANINGFUL = {"www-authenticate", "retry-after", "location", "link", "etag", "content-disposition", "deprecation", "sunset"}


@schemathesis.check
def response_headers_are_documented(ctx, response, case) -> None:
    responses = case.operation.definition.raw.get("responses", {})
    documented = responses.get(str(response.status_code), responses.get("default"))
    if documented is None:
        return  # status_code_conformance says so already
    if "$ref" in documented:
        documented = resolved(case.operation.schema.raw_schema, documented["$ref"])
    names = {name.lower() for name in documented.get("headers", {})}
    missing = sorted(MEANINGFUL.intersection(response.headers) - names)
    if missing:
        raise AssertionError(f"undocumented response headers on {response.status_code}: {', '.join(missing)}")


def resolved(document: dict, reference: str) -> dict:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document
