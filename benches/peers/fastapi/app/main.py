"""The routes, as FastAPI's guide writes them."""

import os
import time
from datetime import UTC, datetime
from typing import Annotated

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from fastapi import Depends, FastAPI, HTTPException, Query, Response
from fastapi.responses import PlainTextResponse
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.middleware import SlowAPIASGIMiddleware
from slowapi.util import get_remote_address
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from .store import Note, Session, User, new_id, now

SECRET = bytes.fromhex(os.environ["PEER_SECRET"])
ISSUER = "https://localhost"
HEADERS = [
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]

app = FastAPI()
# As many as the load doesn't reach, so that every request is counted and none refused.
app.state.limiter = Limiter(key_func=get_remote_address, default_limits=["1000000/second"])
app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
app.add_middleware(SlowAPIASGIMiddleware)
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


class SecurityHeaders:
    """Plain ASGI, which costs a fraction of `@app.middleware`."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def stamped(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        await self.app(scope, receive, stamped if scope["type"] == "http" else send)


app.add_middleware(SecurityHeaders)


class Claims(BaseModel):
    sub: str
    role: str


class NewNote(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    body: Annotated[str, StringConstraints(max_length=10_000)] = ""
    tags: Annotated[list[Annotated[str, StringConstraints(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]], Field(max_length=20)] = []


class NoteView(BaseModel):
    id: str
    title: str
    body: str
    tags: list[str]
    created_at: datetime


class Page(BaseModel):
    items: list[NoteView]
    next: str | None


class UserView(BaseModel):
    id: str
    username: str
    email: str | None
    email_verified: bool
    role: str
    disabled: bool
    created_at: datetime
    updated_at: datetime
    last_login_at: datetime | None


class TokenAnswer(BaseModel):
    access_token: str
    token_type: str
    expires_in: int


async def claims(token: Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="token"))]) -> Claims:
    try:
        return Claims(**jwt.decode(token, SECRET, algorithms=["HS256"], audience=ISSUER, issuer=ISSUER))
    except jwt.PyJWTError as error:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from error


def session():
    with Session() as opened:
        yield opened


Me = Annotated[Claims, Depends(claims)]
Database = Annotated[OrmSession, Depends(session)]


def at(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def view(note: Note) -> NoteView:
    return NoteView(id=note.id, title=note.title, body=note.body, tags=note.tags.split(), created_at=at(note.created_at))


@app.get("/livez", response_class=PlainTextResponse)
async def livez():
    return "ok\n"


@app.post("/token")
def log_in(form: Annotated[OAuth2PasswordRequestForm, Depends()], database: Database) -> TokenAnswer:
    user = database.scalar(select(User).where(User.username == form.username))
    if user is None or user.disabled:
        raise HTTPException(401)
    try:
        hasher.verify(user.password_hash, form.password)
    except VerifyMismatchError as error:
        raise HTTPException(401) from error
    issued = int(time.time())
    content = {"iss": ISSUER, "aud": ISSUER, "sub": user.id, "role": user.role, "jti": new_id(), "iat": issued, "exp": issued + 1800}
    return TokenAnswer(access_token=jwt.encode(content, SECRET, algorithm="HS256"), token_type="bearer", expires_in=1800)


@app.get("/whoami")
async def whoami(me: Me) -> Claims:
    return me


@app.get("/users/me")
def users_me(me: Me, database: Database) -> UserView:
    user = database.get(User, me.sub)
    if user is None or user.disabled:
        raise HTTPException(401)
    made = at(user.created_at)
    return UserView(
        id=user.id,
        username=user.username,
        email=None,
        email_verified=False,
        role=user.role,
        disabled=user.disabled,
        created_at=made,
        updated_at=made,
        last_login_at=made,
    )


@app.get("/notes/{id}")
def read_note(id: str, me: Me, database: Database) -> NoteView:
    note = database.get(Note, id)
    if note is None or note.owner != me.sub:
        raise HTTPException(404)
    return view(note)


@app.get("/notes")
def list_notes(me: Me, database: Database, limit: Annotated[int, Query(ge=1, le=100)] = 50) -> Page:
    notes = database.scalars(select(Note).where(Note.owner == me.sub).order_by(Note.id.desc()).limit(limit + 1)).all()
    return Page(items=[view(note) for note in notes[:limit]], next=notes[limit - 1].id if len(notes) > limit else None)


@app.post("/notes", status_code=201)
def create_note(new: NewNote, me: Me, database: Database, response: Response) -> NoteView:
    note = Note(id=new_id(), owner=me.sub, title=new.title, body=new.body, tags=" ".join(new.tags), created_at=now())
    database.add(note)
    database.commit()
    response.headers["location"] = f"/notes/{note.id}"
    return view(note)
