"""What deploy/portcullis.service allows the service: its system calls as a seccomp filter, its user and its capabilities.

Run as a program it starts a command as systemd would: `python systemd_unit.py COMMAND [ARGUMENT ...]`, as root.
"""

import ctypes
import errno
import os
import re
import subprocess
import sys

from repository import DEPLOY

UNIT = DEPLOY / "portcullis.service"
USER = 65532
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


def settings(name):
    """The values of a setting of the unit, in order."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


def members(group):
    """The system calls of a group such as @system-service, groups within it included."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", group], check=True, text=True, stdout=subprocess.PIPE).stdout
    names = [line.strip() for line in listed.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(members(name) if name.startswith("@") else {name} for name in names))


def allowed():
    """The system calls that the unit's lines leave over, read in order as systemd does (systemd.exec(5))."""
    found = set()
    for line in settings("SystemCallFilter"):
        named = set().union(*(members(word) if word.startswith("@") else {word} for word in line.lstrip("~").split()))
        found = found - named if line.startswith("~") else found | named
    return found


def confine():
    """Puts this process under the unit's filter, for good."""
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(REFUSE)))
    # systemd itself starts the program under the filter.
    for name in sorted(allowed() | {"execve"}):
        number = library.seccomp_syscall_resolve_name(name.encode())
        # Names of other architectures have no number here, or a negative one.
        if number >= 0 and library.seccomp_rule_add(context, ctypes.c_uint32(ALLOW), ctypes.c_int(number), ctypes.c_uint(0)) != 0:
            raise OSError(f"no rule for {name}")
    if library.seccomp_load(context) != 0:
        raise OSError("the filter cannot be loaded")


def start(words, **options):
    """Starts a command with the unit's user, capabilities and filter."""
    capabilities = " ".join(settings("CapabilityBoundingSet")).replace("CAP_", "").lower().split()
    named = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    enter = ["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups", "--no-new-privs"]
    enter += ["--inh-caps", named, "--ambient-caps", named, "--bounding-set", named, sys.executable, __file__]
    return subprocess.Popen([str(word) for word in [*enter, *words]], text=True, **options)


if __name__ == "__main__":
    confine()
    os.execv(sys.argv[1], sys.argv[1:])
