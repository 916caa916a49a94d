"""The guide's flow as a Python client sees it: register, log in by form, call with the bearer token, refresh.

Usage: guide_flow.py BASE_URL CA_FILE [USER PASSWORD]. Without a user it registers one.
"""

import secrets
import ssl
import sys

import httpx

WRONG = "Incorrect username or password"


def main(base: str, ca: str, user: str | None = None, password: str | None = None) -> None:
    with httpx.Client(base_url=base, verify=ssl.create_default_context(cafile=ca), timeout=20) as client:
        if user is None:
            user, password = register(client)
        refuses_anonymous(client)
        tokens = logs_in(client, user, password)
        reads_own_account(client, user, tokens["access_token"])
        refuses_tampered_token(client, tokens["access_token"])
        refuses_wrong_password(client, user, password)
        refreshes(client, user, tokens)
    print("ok      the guide's flow")


def register(client: httpx.Client) -> tuple[str, str]:
    document = client.get("/openapi.json").raise_for_status().json()
    schema = resolved(document, document["paths"]["/users"]["post"]["requestBody"]["content"]["application/json"]["schema"])
    user, password = f"guide-{secrets.token_hex(4)}", secrets.token_urlsafe(18)
    known = {"username": user, "password": password, "email": f"{user}@example.org"}
    answer = client.post("/users", json={name: known[name] for name in schema["required"]})
    expect(answer, 201)
    assert password not in answer.text, "the password came back"
    return user, password


def refuses_anonymous(client: httpx.Client) -> None:
    challenged(client.get("/users/me"))


def logs_in(client: httpx.Client, user: str, password: str) -> dict:
    answer = client.post("/token", data={"username": user, "password": password})
    expect(answer, 200)
    assert "no-store" in answer.headers["cache-control"], answer.headers
    tokens = answer.json()
    assert tokens["token_type"] == "bearer", tokens["token_type"]
    assert isinstance(tokens["expires_in"], int) and tokens["expires_in"] > 0
    assert tokens["access_token"] and tokens["refresh_token"] and "scope" in tokens
    return tokens


def reads_own_account(client: httpx.Client, user: str, token: str) -> None:
    answer = client.get("/users/me", headers=bearer(token))
    expect(answer, 200)
    assert answer.json()["username"] == user, answer.text


def refuses_tampered_token(client: httpx.Client, token: str) -> None:
    head, payload, signature = token.split(".")
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    for bad in (f"{head}.{payload}.{flipped}", f"{head}.{payload}.", "x", token[:-8]):
        assert 'error="invalid_token"' in challenged(client.get("/users/me", headers=bearer(bad)))


def refuses_wrong_password(client: httpx.Client, user: str, password: str) -> None:
    wrong = client.post("/token", data={"username": user, "password": f"{password}-not"})
    unknown = client.post("/token", data={"username": f"nobody-{secrets.token_hex(4)}", "password": password})
    for answer in (wrong, unknown):
        challenged(answer)
        assert answer.json() == {"error": "invalid_grant", "error_description": WRONG, "detail": WRONG}, answer.text


def refreshes(client: httpx.Client, user: str, tokens: dict) -> None:
    def refresh(token: str) -> httpx.Response:
        return client.post("/token", data={"grant_type": "refresh_token", "refresh_token": token})

    first = refresh(tokens["refresh_token"])
    expect(first, 200)
    renewed = first.json()
    assert renewed["access_token"] != tokens["access_token"] and renewed["refresh_token"] != tokens["refresh_token"]
    reads_own_account(client, user, renewed["access_token"])

    # A spent refresh token rotates no second time: it is refused, or within a grace period answered with what it became.
    again = refresh(tokens["refresh_token"])
    if again.status_code == 200:
        assert again.json()["refresh_token"] == renewed["refresh_token"], "one refresh token rotated twice"
    else:
        assert again.status_code in (400, 401) and again.json()["error"] == "invalid_grant", again.text


def challenged(answer: httpx.Response) -> str:
    expect(answer, 401)
    challenge = answer.headers.get("www-authenticate", "")
    assert challenge.startswith("Bearer"), f"WWW-Authenticate: {challenge!r}"
    return challenge


def expect(answer: httpx.Response, status: int) -> None:
    request = answer.request
    assert answer.status_code == status, f"{request.method} {request.url.path}: {answer.status_code} instead of {status}: {answer.text}"


def bearer(token: str) -> dict:
    return {"Authorization": f"Bearer {token}"}


def resolved(document: dict, schema: dict) -> dict:
    while "$ref" in schema:
        target = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    return schema


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except AssertionError as failure:
        sys.exit(f"FAILED  the guide's flow: {failure}")
