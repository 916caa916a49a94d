"""The FastAPI guide's stack: PyJWT, argon2-cffi, SQLAlchemy, slowapi, headers middleware; the same routes as the notes example."""
