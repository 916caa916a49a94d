"""Serves with uvloop and httptools, one worker a core: `python -m app.serve PORT [CERTIFICATE KEY]`."""

import os
import sys

import uvicorn

if __name__ == "__main__":
    port, *tls = sys.argv[1:]
    # The workers share the secret of the tokens.
    os.environ.setdefault("PEER_SECRET", os.urandom(32).hex())
    files = {"ssl_certfile": tls[0], "ssl_keyfile": tls[1]} if tls else {}
    uvicorn.run("app.main:app", host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", ws="none", workers=os.cpu_count(), **files)
