"""No secret lies in the repository. What only looks like one stands in not_secrets.json, with the reason."""

import base64
import hashlib
import json
import os
import re
import tempfile
import unittest
from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import get_plugins, transient_settings

from repository import ROOT, tracked

# Digests of packages and files, which look like nothing but secrets.
WITHOUT = re.compile(r"(Cargo\.lock|package-lock\.json|requirements\.txt|VENDORED\.md|not_secrets\.json|\.gz|core/src/password/common/words\.txt)$")
# Not the detector of words such as `password = "…"`: tests are full of them.
DETECTORS = [
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
    "CloudantDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
]
SETTINGS = {
    "plugins_used": [
        *({"name": name} for name in DETECTORS),
        {"name": "Base64HighEntropyString", "limit": 4.5},
        {"name": "HexHighEntropyString", "limit": 3.0},
    ],
    "filters_used": [
        {"path": "detect_secrets.filters.heuristic.is_potential_uuid"},
        {"path": "detect_secrets.filters.heuristic.is_sequential_string"},
        {"path": "detect_secrets.filters.heuristic.is_not_alphanumeric_string"},
        {"path": "detect_secrets.filters.heuristic.is_templated_secret"},
    ],
}


def findings(paths, root):
    """What looks like a secret, as entries of not_secrets.json without their reasons; never the secret itself."""
    found = []
    with transient_settings(SETTINGS):
        assert len(list(get_plugins())) == len(SETTINGS["plugins_used"])
        for path in paths:
            for secret in scan_file(str(path)):
                found.append({"file": os.path.relpath(path, root), "type": secret.type, "sha1": secret.secret_hash})
    return found


class Secrets(unittest.TestCase):
    def test_nothing_that_looks_like_a_secret_is_unexplained(self):
        known = json.loads(Path(__file__).with_name("not_secrets.json").read_text())
        self.assertTrue(all(entry["why"] for entry in known))
        explained = [{name: value for name, value in entry.items() if name != "why"} for entry in known]
        found = findings([path for path in tracked() if not WITHOUT.search(str(path))], ROOT)
        new = [entry for entry in found if entry not in explained]
        lines = "\n".join(sorted({json.dumps({**entry, "why": ""}) for entry in new}))
        self.assertFalse(lines, f"secrets? If so, take them out and replace them; if not, add to tests/deploy/not_secrets.json, with the reason:\n{lines}")

    def test_planted_secrets_are_found(self):
        # Put together here, so that this file holds none.
        planted = {
            "key.pem": "-----BEGIN " + "PRIVATE KEY-----\n",
            "aws.txt": "AKIA" + "IOSFODNN7EXAMPLZ\n",
            "token.sh": "TOKEN=ghp_" + "0123456789" * 3 + "abcdef\n",
            "url.toml": 'url = "postgres://ann:' + 'q8fJx2LmPz@db.example.com/x"\n',
            "settings.yaml": f"master_key: {base64.b64encode(hashlib.sha256(b'a master key').digest()).decode()}\n",
        }
        with tempfile.TemporaryDirectory() as folder:
            for name, text in planted.items():
                Path(folder, name).write_text(text)
            found = findings([Path(folder, name) for name in planted], folder)
        self.assertEqual({entry["file"] for entry in found}, planted.keys())


if __name__ == "__main__":
    unittest.main()
