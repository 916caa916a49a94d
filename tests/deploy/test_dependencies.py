"""The dependencies against deny.toml, and against the stored advisories where a copy of them is at hand.

ADVISORY_DB    the folder of a copy of the RustSec database (default: ../shared/advisory-db beside the repository, if it is there)
"""

import os
import unittest
from pathlib import Path

from dependencies import advisories, banned, hits, locked, locks, matches, packages, policy, satisfied, strangers, unlicensed
from repository import ROOT

DATABASE = Path(os.environ.get("ADVISORY_DB", ROOT.parent / "shared/advisory-db"))


class Dependencies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.policy, cls.packages = policy(), packages()

    def test_every_licence_is_allowed(self):
        self.assertEqual(list(unlicensed(self.packages, self.policy["licenses"])), [])

    def test_nothing_banned_is_there(self):
        self.assertEqual(banned(self.packages, self.policy["bans"]), [])

    def test_everything_comes_from_where_it_may(self):
        self.assertEqual(strangers(self.packages, self.policy["sources"]), [])

    def test_exceptions_are_still_needed(self):
        without = {**self.policy["licenses"], "exceptions": []}
        needed = {line.split()[0] for line in unlicensed(self.packages, without)}
        self.assertEqual({entry["crate"] for entry in self.policy["licenses"]["exceptions"]}, needed)

    def test_each_breach_is_seen(self):
        stranger = {"name": "openssl", "version": "0.10.0", "license": "GPL-3.0-only", "source": "git+https://example.com/openssl"}
        self.assertEqual(len(list(unlicensed([stranger], self.policy["licenses"]))), 1)
        self.assertEqual(len(banned([stranger], self.policy["bans"])), 1)
        self.assertEqual(len(strangers([stranger], self.policy["sources"])), 1)

    def test_licence_expressions_are_read_as_they_are_meant(self):
        for expression, is_met in [
            ("MIT", True),
            ("GPL-3.0-only", False),
            ("MIT OR GPL-3.0-only", True),
            ("GPL-3.0-only/MIT", True),
            ("MIT AND GPL-3.0-only", False),
            ("(MIT OR GPL-3.0-only) AND ISC", True),
            ("GPL-3.0-only OR MIT AND ISC", True),
            ("ISC WITH something", False),
        ]:
            self.assertEqual(satisfied(expression, {"MIT", "ISC"}), is_met, expression)

    def test_versions_are_compared_as_cargo_does(self):
        for version, requirement, is_within in [
            ("1.2.3", ">= 1.2.3", True),
            ("1.2.3-rc.1", ">= 1.2.3", False),
            ("1.2.3-rc.2", "> 1.2.3-rc.1", True),
            ("1.2.10", ">1.2.9", True),
            ("1.2.3", ">= 1.0, < 1.2.3", False),
            ("1.9.0", "^1.2.3", True),
            ("2.0.0", "1.2.3", False),
            ("0.3.0", "^ 0.2.5", False),
            ("0.2.9", "0.2.5", True),
            ("0.0.4", "^0.0.3", False),
            ("1.3.0", "~1.2.3", False),
            ("1.2.9", "~1.2", True),
            ("1.2.3+deb", "=1.2.3", True),
        ]:
            self.assertEqual(matches(version, requirement), is_within, (version, requirement))


@unittest.skipUnless(DATABASE.is_dir(), "no copy of the advisories is at hand (ADVISORY_DB); the pipelines ask for today's")
class Advisories(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.database = list(advisories(DATABASE))

    def test_no_stored_advisory_speaks_of_what_we_use(self):
        print(f"advisories: {len(self.database)}, the newest of {max(entry['advisory']['date'] for entry in self.database)}; later ones are not among them")
        ignored = {entry["id"]: entry["reason"] for entry in policy()["advisories"]["ignore"]}
        crates = sorted({crate for path in locks() for crate in locked(path)})
        found = {f"{advisory['id']} {crate}: {advisory.get('informational', 'vulnerability')}": advisory["id"] for advisory, crate in hits(self.database, crates)}
        self.assertEqual([text for text, name in found.items() if name not in ignored], [])
        self.assertLessEqual(ignored.keys(), set(found.values()), "nothing to ignore any more")

    def test_a_crate_with_a_known_hole_is_seen(self):
        self.assertIn("RUSTSEC-2023-0001", {advisory["id"] for advisory, _ in hits(self.database, [("tokio", "1.20.0")])})
        self.assertNotIn("RUSTSEC-2023-0001", {advisory["id"] for advisory, _ in hits(self.database, [("tokio", "1.24.2")])})


if __name__ == "__main__":
    unittest.main()
