"""SQLite through SQLAlchemy, WAL and synchronous in full as the notes example has it."""

import os
import time
import uuid

from sqlalchemy import BigInteger, Index, String, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

FOLDER = os.environ["PEER_FOLDER"]
engine = create_engine(f"sqlite:///{FOLDER}/peer.db", pool_size=20, max_overflow=20, connect_args={"check_same_thread": False, "timeout": 30})
Session = sessionmaker(engine, expire_on_commit=False)


@event.listens_for(engine, "connect")
def settings(connection, _):
    cursor = connection.cursor()
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[str] = mapped_column(String, primary_key=True)
    username: Mapped[str] = mapped_column(String, unique=True)
    role: Mapped[str]
    password_hash: Mapped[str]
    disabled: Mapped[bool]
    created_at: Mapped[int] = mapped_column(BigInteger)


class Note(Base):
    __tablename__ = "notes"
    __table_args__ = (Index("notes_by_owner", "owner", "id"),)
    id: Mapped[str] = mapped_column(String, primary_key=True)
    owner: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    tags: Mapped[str]
    created_at: Mapped[int] = mapped_column(BigInteger)


def now() -> int:
    return time.time_ns() // 1000


def new_id() -> str:
    """A UUID of version 7, so that rows are added at the end of the index as the other servers do."""
    bits = (now() // 1000) << 80 | 7 << 76 | (uuid.uuid4().int >> 52 & 0xFFF) << 64 | 2 << 62 | uuid.uuid4().int & (1 << 62) - 1
    return str(uuid.UUID(int=bits))
