"""What the benchmarks and the acceptance runs share: a runtime of one's own on a free loopback port,
guests from text, numbers, and processes that end when the run ends. Loopback only."""
import atexit
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUESTS = ROOT / "scripts/bench/guests"
ENGINE = ROOT / ".deps/wasmtime/lib/libwasmtime.so"
VENV = ROOT / ".deps/venv/bin/python"
PEERS = ROOT / ".build/bench"

# Everything that was started here and must not outlive this process.
_children = []


def in_venv():
    """Goes on in the Python environment that scripts/setup made (aioquic, protobuf)."""
    if VENV.exists() and pathlib.Path(sys.prefix).resolve() != VENV.parents[1].resolve():
        os.execv(str(VENV), [str(VENV), *sys.argv])


def fail(text):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {text}")


def say(text=""):
    print(text, flush=True)


def programs(options):
    """The folder of the built binaries: --bin, else the release build, else the debug build."""
    candidates = [options.bin] if options.bin else [ROOT / ".build/release", ROOT / ".build/debug"]
    for folder in map(pathlib.Path, candidates):
        if all((folder / name).exists() for name in ("selium", "selium-runtime")):
            return folder.resolve()
    fail("no built selium and selium-runtime in "
         f"{' or '.join(map(str, candidates))}: swift build -c release")


def clean_environment():
    """The caller's settings are for the caller's server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SELIUM_")}


def spawn(command, **more):
    """A child in a process group of its own that is killed when this program ends."""
    child = subprocess.Popen(list(map(str, command)), start_new_session=True, **more)
    _children.append(child)
    return child


def end(child, patience=10):
    """Asks a child to end, then kills it. Returns its exit code."""
    if child.poll() is None:
        child.send_signal(signal.SIGCONT)
        child.terminate()
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
    code = child.wait()
    if child in _children:
        _children.remove(child)
    return code


@atexit.register
def _end_all():
    for child in list(_children):
        if child.poll() is None:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()


def end_on_signals():
    """Ctrl-C and SIGTERM clean up as the end does."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))


def assemble(name, folder):
    """A guest from its text in scripts/bench/guests; the engine's own library does it."""
    class Bytes(ctypes.Structure):
        _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_void_p)]

    if not ENGINE.exists():
        fail("there is no engine library: scripts/setup")
    library = ctypes.CDLL(str(ENGINE))
    library.wasmtime_wat2wasm.restype = ctypes.c_void_p
    library.wasmtime_wat2wasm.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(Bytes)]
    text, out = (GUESTS / f"{name}.wat").read_bytes(), Bytes()
    if library.wasmtime_wat2wasm(text, len(text), ctypes.byref(out)):
        fail(f"{name}.wat is not a module")
    target = pathlib.Path(folder) / f"{name}.wasm"
    target.write_bytes(ctypes.string_at(out.data, out.size))
    return target


def memory(pid):
    """Rss and private memory of a process in KiB, from smaps_rollup."""
    fields = {}
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split(":")
        fields[name] = int(value.split()[0])
    return {"rss": fields["Rss"], "private": fields["Private_Clean"] + fields["Private_Dirty"]}


def wait_for_port(child, log, pattern=rb"Listening on .*:(\d+)\"?\}?\s", patience=30):
    """The port a child says it listens on, in a file it writes."""
    limit = time.monotonic() + patience
    while time.monotonic() < limit:
        found = re.search(pattern, pathlib.Path(log).read_bytes())
        if found:
            return int(found[1])
        if child.poll() is not None:
            fail(f"{child.args[0]} ended before it listened:\n{pathlib.Path(log).read_text()[-2000:]}")
        time.sleep(0.02)
    fail(f"{child.args[0]} did not listen within {patience} s")


class Testbed:
    """A runtime in a temporary directory with certificates of its own."""

    def __init__(self, options, arguments=()):
        self.bin = programs(options)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="selium-testbed-"))
        self.keep = getattr(options, "keep", False)
        atexit.register(self.remove)
        self.work, self.certs, self.guests = (self.folder / n for n in ("work", "certs", "guests"))
        self.work.mkdir(mode=0o700)
        self.guests.mkdir()
        self.log = self.folder / "runtime.log"
        self.arguments = list(arguments)
        self.environment = clean_environment()
        done = subprocess.run([self.bin / "selium", "cert", "init", "--dir", self.certs],
                              env=self.environment, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            fail(f"selium cert init: {done.stderr}")
        self.start_runtime()

    def start_runtime(self):
        with open(self.log, "wb") as log:
            self.runtime = spawn(
                [self.bin / "selium-runtime", "--work-dir", self.work, "--cert-dir", self.certs,
                 "--listen", "127.0.0.1:0", *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        self.port = wait_for_port(self.runtime, self.log)
        self.environment.update(
            SELIUM_DOMAIN="127.0.0.1", SELIUM_PORT=str(self.port), SELIUM_CERT_DIR=str(self.certs))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        end(self.runtime)
        self.remove()

    def remove(self):
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def alive(self):
        return self.runtime.poll() is None

    def last_words(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def guest(self, name):
        path = self.guests / f"{name}.wasm"
        return path if path.exists() else assemble(name, self.guests)

    def selium(self, *arguments, timeout=60, **more):
        return subprocess.run([self.bin / "selium", *map(str, arguments)], env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, **more)

    def start(self, name, *arguments):
        """Starts a guest detached; its id."""
        done = self.selium("start", self.guest(name), *arguments)
        found = re.search(rb"Started process \(id=(\d+)\)", done.stdout)
        if done.returncode != 0 or not found:
            fail(f"selium start {name}: exit {done.returncode}: {done.stderr.decode(errors='replace')}")
        return int(found[1])

    def stop(self, *ids):
        for number in ids:
            self.selium("stop", number)

    def bench_command(self, command, *arguments):
        return [self.bin / "selium-bench", command, "--host", "127.0.0.1", "--port", str(self.port),
                "--cert-dir", self.certs, *map(str, arguments)]

    def bench(self, command, *arguments, timeout=300):
        """One measurement by selium-bench against this runtime: the JSON object it prints."""
        return run_json(self.bench_command(command, *arguments), timeout, self.environment)

    def spawn_bench(self, command, *arguments):
        return spawn(self.bench_command(command, *arguments), stdin=subprocess.DEVNULL,
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)


def run_json(command, timeout=300, environment=None):
    """Runs a program that prints one JSON object last."""
    command = list(map(str, command))
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout,
                          env=environment, text=True)
    if done.returncode != 0:
        fail(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-3000:]}")
    return last_json(done.stdout, command)


def last_json(text, command):
    lines = [line for line in text.splitlines() if line.startswith("{")]
    if not lines:
        fail(f"{' '.join(map(str, command))} printed no result: {text[-500:]}")
    return json.loads(lines[-1])


def finish_json(child, timeout=300):
    """The same for one that runs beside something else."""
    out, errors = child.communicate(timeout=timeout)
    if child in _children:
        _children.remove(child)
    if child.returncode != 0:
        fail(f"{' '.join(child.args)}: exit {child.returncode}\n{errors.decode()[-3000:]}")
    return last_json(out.decode(), child.args)


def quantile(samples, part):
    """The sample below which `part` of all lie: 0.5, 0.99."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def median(samples):
    ordered = sorted(samples)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


class Sampler:
    """Calls something every so often on a thread until told to stop; keeps what it returned, None for
    a call that raised."""

    def __init__(self, seconds, call):
        self.samples, self._stop, self._call, self._seconds = [], threading.Event(), call, seconds
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.is_set():
            try:
                self.samples.append(self._call())
            except Exception as error:
                say(f"       {type(error).__name__}: {str(error)[:200]}")
                self.samples.append(None)
            self._stop.wait(self._seconds)

    def stop(self):
        self._stop.set()
        self._thread.join()
        return self.samples
