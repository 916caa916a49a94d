"""People who use a Portcullis service: of 50 calls 45 read, 4 write, 1 logs in again.

Runs unchanged with Locust and on LoadForge: the host comes from the user interface (or --host), the rest from the constants below or
from environment variables of the same names.
"""

import os
import random
import secrets
import time

from locust import HttpUser, task
from locust.exception import StopUser

# Who logs in. Without a name each simulated person registers for themselves, with a random name; those accounts stay.
LOAD_USERNAME = os.environ.get("LOAD_USERNAME", "")
LOAD_PASSWORD = os.environ.get("LOAD_PASSWORD", "")
# What is read.
LOAD_PATH = os.environ.get("LOAD_PATH", "/users/me")
# How long a person pauses between two calls, on average.
LOAD_PAUSE_SECONDS = float(os.environ.get("LOAD_PAUSE_SECONDS", "1"))
# A certificate authority that isn't a public one, as a file.
LOAD_CA = os.environ.get("LOAD_CA", "")


class Person(HttpUser):
    def wait_time(self) -> float:
        return LOAD_PAUSE_SECONDS * random.uniform(0.5, 1.5)

    def on_start(self) -> None:
        if LOAD_CA:
            self.client.verify = LOAD_CA
        self.username, self.password = LOAD_USERNAME, LOAD_PASSWORD
        if not self.username:
            self.register()
        self.log_in()
        if "Authorization" not in self.client.headers:
            raise StopUser
        paths = self.client.get("/openapi.json", name="look around").json()["paths"]
        self.takes_notes = "/notes" in paths
        self.has_address = False

    @task(45)
    def read(self) -> None:
        self.renew()
        self.client.get(LOAD_PATH, name="read")

    @task(4)
    def write(self) -> None:
        self.renew()
        if self.takes_notes:
            note = {"title": "load", "body": "Written by Locust.", "tags": ["load"]}
            self.client.post("/notes", json=note, name="write")
        elif not LOAD_USERNAME:
            # The address is there and gone in turns, so that each call changes the account; never that of somebody real.
            self.has_address = not self.has_address
            email = f"{self.username}@load.example" if self.has_address else None
            self.client.patch("/users/me", json={"email": email}, name="write")

    @task(1)
    def log_in(self) -> None:
        form = {"username": self.username, "password": self.password}
        with self.client.post("/token", data=form, name="log-in", catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"log-in is answered {answer.status_code}")
                return
            tokens = answer.json()
        self.client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        self.renew_at = time.monotonic() + 0.8 * tokens["expires_in"]

    def register(self) -> None:
        self.username, self.password = f"load-{secrets.token_hex(6)}", secrets.token_urlsafe(24)
        new = {"username": self.username, "password": self.password}
        if not self.client.post("/users", json=new, name="register").ok:
            raise StopUser

    def renew(self) -> None:
        if time.monotonic() > self.renew_at:
            self.log_in()
