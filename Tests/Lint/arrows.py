#!/usr/bin/env python3
"""Checks that every source file imports only what lies below it, and keeps its room's promises.

    arrows.py ROOT        checks a tree; exit status 1 and one line a finding when something is wrong
    arrows.py --self-test checks this script against samples that must pass and samples that must not
"""

import re
import sys
from pathlib import Path

# Modules of the house by the folder they lie in. A target named like its folder needs no entry.
SDK = {"CSluice", "Exact", "COpenSSL", "Signing", "Recording", "AdapterKit", "AdapterTesting"}
HOST = {
    "Domain", "Engine", "Store", "Telemetry", "Transport", "Adapters", "Instruments", "Prices", "Settings",
    "RiskConfiguration", "Gateway", "Exports", "API", "CLI", "CHost", "COpenSSL", "Signing", "Faults",
}

# What each room may import of the house. Arrows only point down.
ARROWS = {
    "SDK/CSluice": set(),
    "SDK/Exact": set(),
    "SDK/COpenSSL": set(),
    "SDK/Signing": {"CSluice", "COpenSSL", "Exact"},
    "SDK/Recording": {"CSluice", "Exact"},
    "SDK/AdapterKit": {"CSluice", "Exact"},
    "SDK/AdapterTesting": {"AdapterKit", "Signing", "Recording", "CSluice", "Exact"},
    "Host/Domain": {"Exact"},
    "Host/Engine": {"Domain"},
    "Host/Faults": set(),
    "Host/Settings": {"Domain", "Exact"},
    "Host/RiskConfiguration": {"Domain", "Exact", "Engine", "Settings"},
    "Host/Store": {"Domain", "Exact", "COpenSSL", "Faults"},
    "Host/Telemetry": {"Domain", "Exact"},
    "Host/Instruments": {"Domain", "Exact", "Settings"},
    "Host/Prices": {"Domain", "Exact", "Settings", "Instruments"},
    "Host/Transport": {"COpenSSL"},
    "Host/Adapters": {"Domain", "Exact", "Settings", "Transport", "CSluice", "CHost", "COpenSSL", "Signing", "Recording", "Faults"},
    "Host/Gateway": {
        "Domain", "Exact", "Engine", "Store", "Telemetry", "Transport", "Adapters", "Instruments", "Prices", "Settings",
        "RiskConfiguration", "Faults",
    },
    "Host/Exports": {
        "Domain", "Exact", "Engine", "Store", "Telemetry", "Settings", "Gateway",
    },
    "Host/API": {
        "Domain", "Exact", "Engine", "Store", "Telemetry", "Adapters", "Instruments", "Prices", "Settings", "RiskConfiguration",
        "Transport", "Gateway", "Exports",
    },
    "Host/CLI": HOST - {"COpenSSL"} | {"Exact", "AdapterTesting"},
    "Host/CHost": {"CSluice"},
}
# Plugins see the SDK and their own modules, nothing of the host.
PLUGIN = {"CSluice", "Exact", "AdapterKit"}
# Rooms that see nothing from outside the house, not even the system's library.
CLOSED = {"Host/Domain", "Host/Engine", "SDK/Exact"}

IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
    r"(?:(?:struct|class|enum|protocol|func|let|var|typealias|actor)\s+)?(\w+)", re.M)

# Words of one broker or of one broker's API. They belong to its adapter.
BROKERS = re.compile(
    # dHan: the seam of a name like InboundHandler, not the broker.
    r"zerodha|kite|angel ?one|smart ?api|fyers|(?-i:dhan|Dhan|DHAN)|interactive ?brokers|\bibkr\b|alpaca", re.I)
BROKER_WORDS = re.compile(r"\bSL-M\b|\bMIS\b|\bNRML\b")

# What would make the same events lead to another state, or money inexact.
UNSTEADY = [
    (re.compile(r"\b(?:Double|Float|Float16|Float80|CGFloat)\b"), "binary floating point"),
    (re.compile(r"\b(?:ContinuousClock|SuspendingClock|DispatchTime|clock_gettime|gettimeofday|Date\s*\()"), "a clock"),
    (re.compile(r"\b(?:SystemRandomNumberGenerator|UUID\s*\(|arc4random)|\.random\(\s*in|\.randomElement\(\s*\)|\.shuffled\(\s*\)"),
     "randomness"),
    (re.compile(r"\b(?:Mutex|NIOLock|NIOLockedValueBox|pthread_\w+|Task\.sleep|DispatchQueue|Logger)\b"), "a lock, a wait or a log"),
    (re.compile(r"(?<![\w.])(?:print|debugPrint|fopen|readLine)\s*\("), "input or output"),
]
STEADY = {"Host/Domain", "Host/Engine"}


# A variable that only a debug build may know: what it does, or that it is read at all.
DEBUG_ONLY = re.compile(r"SLUICE_FAULT|\bgetenv\b")


def room(path):
    """`Host/Engine/Orders/Run.swift` lies in `Host/Engine`."""
    parts = path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else None


def without_comments_and_strings(text):
    """Swift source with comments and literals blanked, lines kept."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|(#*)"""[\s\S]*?"""\1|(#*)"(?:\\.|[^"\\\n])*"\2', re.S)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def line(text, position):
    return text.count("\n", 0, position) + 1


def in_release(text):
    """Source without comment lines and without what stands between `#if DEBUG` and its end, lines kept."""
    kept, inside = [], []
    for row in text.split("\n"):
        word = row.strip()
        if word.startswith("#if"):
            inside.append(word.split("//")[0].split() == ["#if", "DEBUG"])
        elif word.startswith(("#else", "#elseif")) and inside:
            inside[-1] = False
        elif word.startswith("#endif") and inside:
            inside.pop()
        kept.append("" if any(inside) or word.startswith("//") else row)
    return "\n".join(kept)


def findings(path, text):
    """What is wrong with one Swift file, as (line, sentence)."""
    place = room(path)
    if place is None:
        return
    code = without_comments_and_strings(text)
    is_plugin = place.startswith("Plugins/")
    allowed = PLUGIN if is_plugin else ARROWS.get(place)
    if allowed is None:
        if place.startswith(("Host/", "SDK/")):
            yield 1, f"{place} is no room of the house; give it its arrows in Tests/Lint/arrows.py"
        return
    own = place.split("/")[1]
    for match in IMPORT.finditer(code):
        module = match.group(1)
        if module == own:
            if place == "Host/CLI" and path.startswith("Host/CLI/Main/"):
                continue
            if not is_plugin:
                yield line(code, match.start(1)), f"{place} imports itself"
        elif module in SDK | HOST and module not in allowed:
            yield line(code, match.start(1)), f"{place} must not import {module}"
        elif place in CLOSED and module not in allowed:
            yield line(code, match.start(1)), f"{place} imports nothing from outside the house, and this imports {module}"
    if place in STEADY:
        for pattern, what in UNSTEADY:
            for match in pattern.finditer(code):
                yield line(code, match.start()), f"{place} holds no {what.removeprefix('a ')}: '{match.group(0).strip()}'"
    if place.startswith("Host/"):
        release = in_release(text)
        for match in DEBUG_ONLY.finditer(release):
            yield line(release, match.start()), f"'{match.group(0)}' may stand in a debug build alone: between #if DEBUG and #endif"
        for pattern in (BROKERS, BROKER_WORDS):
            for match in pattern.finditer(text):
                yield line(text, match.start()), f"Host names a broker's word: '{match.group(0)}'"


def check(root):
    count = 0
    bad = 0
    for top in ("SDK", "Plugins", "Host"):
        for path in sorted((root / top).rglob("*.swift")):
            relative = path.relative_to(root).as_posix()
            if "/.build" in f"/{relative}":
                continue
            count += 1
            for number, sentence in findings(relative, path.read_text(encoding="utf-8")):
                print(f"{relative}:{number}: {sentence}")
                bad += 1
    if count == 0:
        print(f"{root}: no sources found")
        return 1
    print(f"arrows: {count} files, {bad} findings")
    return 1 if bad else 0


# (path, source, what a finding must say; None = there must be none)
SAMPLES = [
    ("Host/Engine/A.swift", "import Domain\n", None),
    ("Host/Engine/A.swift", "package import Domain\n@_exported public import struct Domain.Money\n", None),
    ("Host/Engine/A.swift", "import Store\n", "must not import Store"),
    ("Host/Engine/A.swift", "package import Store\n", "must not import Store"),
    ("Host/Engine/A.swift", "import Faults\n", "must not import Faults"),
    ("Host/Store/A.swift", "import Faults\n", None),
    ("Host/Engine/A.swift", "@preconcurrency import struct Gateway.Clock\n", "must not import Gateway"),
    ("Host/Engine/A.swift", "import Foundation\n", "nothing from outside"),
    ("Host/Domain/A.swift", "@_exported public import Exact\n", None),
    ("Host/Domain/A.swift", "import Engine\n", "must not import Engine"),
    ("Host/Adapters/A.swift", "import Engine\n", "must not import Engine"),
    ("Host/Gateway/A.swift", "import API\n", "must not import API"),
    ("Host/Gateway/A.swift", "import Engine\nimport NIOPosix\n", None),
    ("Host/API/A.swift", "import CLI\n", "must not import CLI"),
    ("Host/CLI/Main/main.swift", "import CLI\n", None),
    ("Plugins/Paper/Logic/A.swift", "import AdapterKit\nimport Exact\n", None),
    ("Plugins/Paper/Logic/A.swift", "import Domain\n", "must not import Domain"),
    ("Plugins/Paper/Logic/A.swift", "import AdapterTesting\n", "must not import AdapterTesting"),
    ("SDK/AdapterKit/A.swift", "import Domain\n", "must not import Domain"),
    ("SDK/Exact/A.swift", "import Foundation\n", "nothing from outside"),
    ("Host/Cellar/A.swift", "import Domain\n", "is no room"),
    ("Host/Engine/A.swift", "let price: Double = 1\n", "binary floating point"),
    ("Host/Engine/A.swift", "// never Double\nlet text = \"Double\"\n", None),
    ("Host/Engine/A.swift", "let text = \"\"\"\n    Double\n    \"\"\"\n", None),
    ("Host/Engine/A.swift", "let now = Date()\n", "clock"),
    ("Host/Engine/A.swift", "let now = ContinuousClock.now\n", "clock"),
    ("Host/Domain/A.swift", "let id = UUID()\n", "randomness"),
    ("Host/Domain/A.swift", "let n = Int.random(in: 0..<3)\n", "randomness"),
    ("Host/Engine/A.swift", "let lock = NIOLock()\n", "lock"),
    ("Host/Engine/A.swift", "print(1)\n", "input or output"),
    ("Host/Engine/A.swift", "book.print(1)\n", None),
    ("Host/Gateway/A.swift", "// as Zerodha does\n", "broker's word"),
    ("Host/Gateway/A.swift", "let broker = \"dhan\"\n", "broker's word"),
    ("Host/Gateway/A.swift", "let type = \"SL-M\"\n", "broker's word"),
    ("Host/Gateway/A.swift", "let unlikely = 1  // MISTAKE\n", None),
    ("Host/Store/A.swift", "#if DEBUG\nlet name = \"SLUICE_FAULT\"\n#endif\n", None),
    ("Host/Store/A.swift", "#if DEBUG\n#if os(Linux)\n_ = getenv(\"A\")\n#endif\n#endif\n", None),
    ("Host/Store/A.swift", "#if DEBUG\n#else\n_ = getenv(\"A\")\n#endif\n", "debug build alone"),
    ("Host/Store/A.swift", "#if DEBUG\n#endif\nlet name = \"SLUICE_FAULT\"\n", "debug build alone"),
    ("Host/Store/A.swift", "#if !DEBUG\nlet name = \"SLUICE_FAULT\"\n#endif\n", "debug build alone"),
    ("Host/Store/A.swift", "/// `SLUICE_FAULT` does this.\n", None),
    ("Plugins/Zerodha/A.swift", "// Zerodha\nimport AdapterKit\n", None),
]


def self_test():
    failed = 0
    for path, source, wanted in SAMPLES:
        found = [sentence for _, sentence in findings(path, source)]
        good = not found if wanted is None else any(wanted in sentence for sentence in found)
        if not good:
            print(f"self-test: {path} {source!r}: wanted {wanted!r}, found {found}")
            failed += 1
    print(f"arrows self-test: {len(SAMPLES)} samples, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(check(Path(sys.argv[1])))
