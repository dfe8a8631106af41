#!/usr/bin/env python3
"""Checks what a commit would hold: no file above 1 MiB, nothing that looks like a secret.

    files.py ROOT        checks a tree; exit status 1 and one line a finding when something is wrong
    files.py --self-test checks this script against samples that must pass and samples that must not

A recording keeps its bytes, so a made-up value in it cannot carry a mark: it is written, one a line, in a file
named made-up-values.txt beside the recording, and nothing else is excused by it.

In a git tree the files that git knows or would add are looked at, else all but build products.
"""

import re
import subprocess
import sys
from pathlib import Path

LARGEST = 1 << 20
IGNORED = {".git", ".build", "sluice-data", "demo-output", "sluice-demo", "__pycache__", ".swiftpm"}

SECRETS = [
    (re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"), "a private key"),
    (re.compile(rb"\bAKIA[0-9A-Z]{16}\b"), "a cloud access key"),
    (re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36,}\b"), "a forge token"),
    (re.compile(rb"\bxox[abprs]-[A-Za-z0-9-]{10,}"), "a chat token"),
    (re.compile(rb"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"), "a signed token"),
    (re.compile(rb"(?i)\b(?:api_?secret|client_?secret|access_?token|password)\b[\"']?\s*[:=]\s*[\"'][A-Za-z0-9+/_=-]{24,}[\"']"),
     "a secret written out"),
]
# A line that says it is none: made-up values of tests.
EXCUSE = b"not-a-secret"
# Names the made-up values of the recordings in the same folder.
MADE_UP = "made-up-values.txt"


def findings(data, made_up=()):
    """What is wrong with one file's content, as (line, sentence)."""
    if len(data) > LARGEST:
        yield 1, f"is {len(data)} bytes; {LARGEST} are allowed"
    for number, line in enumerate(data.split(b"\n"), 1):
        if EXCUSE in line:
            continue
        for value in made_up:
            line = line.replace(value, b"")
        for pattern, what in SECRETS:
            if pattern.search(line):
                yield number, f"looks like {what}; keep it out, or mark a made-up one with {EXCUSE.decode()}"


def listed(root):
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        result = subprocess.run(command, capture_output=True, check=True)
        names = [name for name in result.stdout.decode().split("\0") if name]
        if names:
            return [root / name for name in names]
    except (OSError, subprocess.CalledProcessError):
        pass
    return [path for path in root.rglob("*") if not IGNORED & set(path.relative_to(root).parts)]


def made_up_values(folder):
    """The values that a folder's recordings are known to make up, longest first."""
    path = folder / MADE_UP
    values = path.read_bytes().split() if path.is_file() else []
    return sorted(values, key=len, reverse=True)


def check(root):
    count = 0
    bad = 0
    for path in sorted(listed(root)):
        if path.is_symlink() or not path.is_file():
            continue
        count += 1
        for number, sentence in findings(path.read_bytes(), made_up_values(path.parent)):
            print(f"{path.relative_to(root)}:{number}: {sentence}")
            bad += 1
    print(f"files: {count} files, {bad} findings")
    return 1 if bad or count == 0 else 0


# The samples are put together here so that this file does not look like what it looks for.
SAMPLES = [
    (b"let a = 1\n", False),
    (b"x" * LARGEST, False),
    (b"x" * (LARGEST + 1), True),
    (b"-----BEGIN " + b"PRIVATE KEY-----\n", True),
    (b"-----BEGIN RSA " + b"PRIVATE KEY-----\n", True),
    (b"-----BEGIN CERTIFICATE-----\n", False),
    (b"key AKIA" + b"ABCDEFGHIJKLMNOP\n", True),
    (b"ghp_" + b"a" * 36 + b"\n", True),
    (b"eyJ" + b"a" * 24 + b".eyJ" + b"b" * 24 + b"." + b"c" * 24, True),
    (b'api_secret: "' + b"a1" * 16 + b'"\n', True),
    (b'api_secret: "' + b"a1" * 16 + b'"  # not-a-secret\n', False),
    (b'api_secret: "env:KITE_SECRET"\n', False),
    (b'let password: String\n', False),
]
MADE_UP_SAMPLES = [
    (b'"api_secret": "' + b"a1" * 16 + b'"\n', [b"a1" * 16], False),
    (b'"api_secret": "' + b"b2" * 16 + b'"\n', [b"a1" * 16], True),
]


def self_test():
    failed = 0
    samples = [(data, (), wanted) for data, wanted in SAMPLES] + MADE_UP_SAMPLES
    for data, made_up, wanted in samples:
        found = list(findings(data, made_up))
        if bool(found) != wanted:
            print(f"self-test: {data[:60]!r}: wanted {'a finding' if wanted else 'none'}, found {found}")
            failed += 1
    print(f"files self-test: {len(samples)} samples, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(check(Path(sys.argv[1])))
