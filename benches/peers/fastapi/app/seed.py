"""Fills the database with its one user."""

from argon2 import PasswordHasher

from .store import Base, Session, User, engine, new_id, now

Base.metadata.create_all(engine)
# The parameters of the others: 19 MiB, two passes, one lane.
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
with Session() as session:
    password_hash = hasher.hash("correct horse battery staple")
    session.add(User(id=new_id(), username="uma", role="user", password_hash=password_hash, disabled=False, created_at=now()))
    session.commit()
