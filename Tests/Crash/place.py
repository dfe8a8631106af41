"""One run's directory and processes: configuration, a broker, gateways one after another."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = [f"A{number}" for number in range(1, 11)]
LOGINS = {**dict.fromkeys(ACCOUNTS[:4], "first"), **dict.fromkeys(ACCOUNTS[4:7], "second"),
          **dict.fromkeys(ACCOUNTS[7:], "third")}
REJECTED, TIGHT = "A7", "A9"
SYMBOL = "US:EQ:MAIN"

LIMITS = """\
rms: 1
profiles:
  wide:
    allow-list:
      - { segments: [US], products: [CASH], order_types: [MARKET, LIMIT], time_in_force: [DAY],
          sides: [BUY, SELL], order_classes: [REGULAR], short_selling: true }
    market-protection: { convert: none }
    price-collar: { bps: 9900, max_age: 10m }
    quantity-limits: { min: 1, max: 100000 }
    notional-limits: { max: "1000000 USD", parent_max: unlimited }
    message-rate: { windows: [ { limit: 1000, per: 1s } ], max_hold: 30s }
    max-open-orders: { max: 5000, per_instrument: 5000 }
    max-position: { max: 100000 }
    gross-exposure: { max: "10000000 USD" }
    margin-buffer: unlimited
    daily-loss: { max: unlimited }
firm: { profile: wide }
accounts:
  - { id: %s, limits: { notional-limits: { max: "%s" } } }
"""


class Failed(Exception):
    """The run could not go on; its directory says why."""


def adapter_library(character, build):
    """The test adapter of one character, built once."""
    number = {"dedupes": 1, "lookup": 2, "tag": 3}[character]
    made = build / f"libsluice-crash-{character}.so"
    source = ROOT / "Tests/Crash/Adapter/crash.c"
    sources = [source, *(ROOT / "SDK/CSluice/include/sluice").iterdir()]
    if made.exists() and made.stat().st_mtime >= max(path.stat().st_mtime for path in sources):
        return made
    build.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = build / f"{made.name}.{os.getpid()}"
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("clang")
    if not compiler:
        raise Failed("there is no C compiler: install one, or name it in CC")
    subprocess.run(
        [compiler, "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared", "-nostartfiles",
         f"-DCHARACTER={number}", f"-I{ROOT}/SDK/CSluice/include", str(source),
         f"-Wl,--version-script={ROOT}/Plugins/adapter.map,-soname={made.name},-znodelete,-znow,-zrelro",
         "-o", str(partial)], check=True)
    partial.rename(made)
    return made


class Site:
    def __init__(self, directory, binary, build, scenario, seed):
        self.directory, self.binary, self.scenario, self.seed = Path(directory), binary, scenario, seed
        self.data = self.directory / "data"
        self.broker = None
        self.lives = 0
        for folder in ("", "adapters.d", "market"):
            (self.directory / folder).mkdir(mode=0o700, exist_ok=True)
        adapter = f"crash-{scenario.character}"
        library = adapter_library(scenario.character, build)
        shutil.copy(library, self.directory / "adapters.d" / library.name)
        os.chmod(self.directory / "adapters.d" / library.name, 0o600)
        self.write(f"adapters.d/{adapter}.yaml",
                   f"manifest: 1\nid: {adapter}\nlibrary: {library.name}\nrequired: true\n")
        self.write("market/US_EQ_MAIN.daily.csv",
                   "time,open,high,low,close,volume\n2011-01-03T00:00:00Z,100.00,100.00,100.00,100.00,1000000\n"
                   "2011-01-04T00:00:00Z,100.00,100.00,100.00,100.00,1000000\n")
        self.write("overlay.yaml", f'"{SYMBOL}": {{ tick: 0.01, lot_size: 1, currency: USD, source: test }}\n')
        tight = "400 USD" if scenario.mode in ("quorum", "clip") else "900000 USD"
        self.write("rms.yaml", LIMITS % (TIGHT, tight))
        self.write("sluice.yaml", self.configuration(adapter))

    def write(self, name, text):
        (self.directory / name).write_text(text, encoding="utf-8")

    def configuration(self, adapter):
        accounts = "".join(
            f"  - {{ id: {account}, adapter: {adapter}, login: {LOGINS[account]}, environment: sandbox, currency: USD, "
            f"config: {{ socket: broker.sock }} }}\n" for account in ACCOUNTS)
        members = "".join(
            f"      - {{ account_id: {account}, capital: \"{(place + 1) * 10_000}\", weight: {place % 3 + 1}, "
            f"lots: {place % 4 + 2}, risk_budget: \"{(place + 2) * 10}\" }}\n" for place, account in enumerate(ACCOUNTS))
        return (f"data: {self.data}\nadapters: {{ directories: [./adapters.d] }}\ninstruments: {{ overlay: overlay.yaml }}\n"
                "rms: { file: rms.yaml, reconcile: { interval: 1s, quiet_gap: 1s } }\n"
                "prices: { replay: [ { files: ./market, every: 100ms, loop: true } ] }\n"
                f"accounts:\n{accounts}groups:\n"
                f"  - id: base\n    policy: equal\n    accounts:\n{members}"
                f"  - id: main\n    policy: {self.scenario.policy}\n    allow_unwind: true\n    accounts:\n{members}")

    # ---- processes

    def spawn(self, command, stem, environment=None):
        variables = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
        with open(self.directory / f"{stem}.out", "ab") as out, open(self.directory / f"{stem}.err", "ab") as errors:
            return subprocess.Popen(command, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=out, stderr=errors,
                                    env={**variables, **(environment or {})}, preexec_fn=die_with_parent)

    def start_broker(self):
        command = ["python3", str(ROOT / "Tests/Crash/broker.py"), "--socket", "broker.sock", "--ledger",
                   "ledger.jsonl", "--character", self.scenario.character, "--mischief", self.scenario.mischief,
                   "--seed", str(self.seed), "--accounts", ",".join(ACCOUNTS), "--database", str(self.data / "sluice.db")]
        if self.scenario.failure != "none":
            command += ["--reject", REJECTED]
        self.broker = self.spawn(command, "broker")
        until(lambda: (self.directory / "broker.out").read_text() != "", 20, "the broker does not listen")

    def broker_is_idle(self):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            here = os.open(self.directory, os.O_RDONLY)
            try:
                line.connect(f"/proc/self/fd/{here}/broker.sock")  # the path of a socket has 107 bytes
            finally:
                os.close(here)
            line.sendall(b"?\n")
            return line.recv(64).strip() == b"0"

    # ---- the broker's book

    def ledger(self):
        path = self.directory / "ledger.jsonl"
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def has_order(self, ref):
        return any(row["what"] in ("accepted", "rejected") and row["ref"] == ref for row in self.ledger())

    def executions(self):
        """Execution ids by account."""
        found = {account: set() for account in ACCOUNTS}
        for row in self.ledger():
            if row["what"] == "execution":
                found[row["account"]].add(row["execution"])
        return found

    def start(self, fault=None):
        """The next life of the gateway; it is not waited for."""
        self.lives += 1
        environment = {"SLUICE_FAULT_COUNTER": str(self.directory / f"life-{self.lives}.count")}
        if fault:
            environment["SLUICE_FAULT"] = fault
        return Gateway(self, self.lives, self.spawn(
            [self.binary, "serve", "--config", "sluice.yaml", "--port", "0", "--log-level", "notice"],
            f"life-{self.lives}", environment))

    def passings(self, life, points):
        """How often each point was passed in a life."""
        path = self.directory / f"life-{life}.count"
        data = path.read_bytes() if path.exists() else b""
        if len(data) != 8 * (1 + len(points)):
            return dict.fromkeys(points, 0)
        return dict(zip(points, struct.unpack(f"<{len(points) + 1}Q", data)[1:]))

    def end(self):
        if self.broker and self.broker.poll() is None:
            self.broker.kill()
        if self.broker:
            self.broker.wait()


def die_with_parent():
    """A child that the driver leaves behind ends with it (PR_SET_PDEATHSIG)."""
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def until(condition, seconds, sentence):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if value := condition():
                return value
        except OSError:
            pass
        time.sleep(0.01)
    raise Failed(f"{sentence} after {seconds} s")


class Died(Exception):
    """The gateway is gone in the middle of a request."""


class Gateway:
    """One life: a process and its HTTP interface."""

    def __init__(self, site, number, process):
        self.site, self.number, self.process = site, number, process
        self.port, self.key, self.connection = 0, "", None

    @property
    def is_dead(self):
        return self.process.poll() is not None

    def become_ready(self):
        """Raises Died where it ends before; Failed where it does not come."""
        stdout = self.site.directory / f"life-{self.number}.out"

        def listens():
            if self.is_dead:
                raise Died
            text = stdout.read_text()
            return text.count("\n") and text.split("listens on http://127.0.0.1:", 1)[1].split("\n", 1)[0]

        self.port = int(until(listens, 60, "the gateway does not listen"))
        self.key = (self.site.data / "admin.key").read_text().split("\n", 1)[0]

        def ready():
            status, answer = self.send("GET", "/ready")
            if status != 200 or answer["accounts_ready"] != len(ACCOUNTS):
                return False
            # Funds and prices are known: a preview is not refused for want of them. An account that waits for evidence of
            # an earlier order, or stands still by a halt, is ready all the same.
            status, answer = self.send("POST", "/api/execution-groups/base/preview", market_order(10, "probe"))
            return status == 200 and all(
                leg["reject"] is None or leg["reject"]["code"] in ("trading_state", "unknown_outstanding")
                for leg in answer["legs"])

        until(ready, 60, "the gateway is not ready")

    def send(self, method, path, body=None, key=None):
        """Status and answer. Raises Died where the connection breaks and the process has ended, or ends by it."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            if self.connection is None:
                self.connection = HTTPConnection("127.0.0.1", self.port, timeout=40)
            self.connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = self.connection.getresponse()
            text = response.read()
            answer = json.loads(text) if text else None
            self.replayed = response.headers.get("Idempotency-Replayed") == "true"
            return response.status, answer
        except (OSError, HTTPException, ValueError):
            self.connection = None
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                raise Failed(f"{method} {path} broke off and the gateway lives") from None
            raise Died from None

    def items(self, path):
        """A list, page by page."""
        found, cursor = [], ""
        while True:
            joint = "&" if "?" in path else "?"
            status, answer = self.send("GET", f"{path}{joint}limit=100{'&cursor=' + cursor if cursor else ''}")
            if status in (502, 503, 504):
                return None
            if status != 200:
                raise Failed(f"GET {path} answered {status}: {answer}")
            found += answer["items"]
            cursor = answer.get("next_cursor")
            if not cursor:
                return found

    def stop(self):
        """SIGTERM; the exit status, negative for a signal."""
        if not self.is_dead:
            self.process.terminate()
        return self.wait(40)

    def kill(self):
        if not self.is_dead:
            self.process.kill()
        return self.wait(40)

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed(f"the gateway did not end in {seconds} s") from None


def market_order(quantity, tag):
    return {"symbol": SYMBOL, "side": "BUY", "quantity": str(quantity), "order_type": "MARKET", "product": "CASH",
            "tag": tag}
