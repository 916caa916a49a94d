"""Runs every test of the assembled image and of the binary in it. Called by `tests/deploy/run image BINARY` as root, in a network of its own."""

import os
import sys
import unittest

from repository import without_portcullis_variables

if __name__ == "__main__":
    variables = without_portcullis_variables()
    os.environ.clear()
    os.environ.update(variables, IMAGE_BINARY=sys.argv[1])
    from assembled import raise_loopback

    raise_loopback()
    suite = unittest.defaultTestLoader.loadTestsFromNames(["image_content", "image_operations", "image_systemd"])
    sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())
