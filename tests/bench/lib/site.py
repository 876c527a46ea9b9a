"""What a benchmark measures: private servers and checkers in the network namespace of this process.

Everything started here ends with its Site, also when this process is killed (PR_SET_PDEATHSIG). `Isolate` re-executes
the program in a network namespace of its own, where ten thousand addresses of 127.0.0.0/8 are free for the taking.
"""
import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
ZOOKEEPER_JARS = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar"
ISOLATED = "ZKC_BENCH_ISOLATED"


class BenchError(Exception):
    """A benchmark that cannot be carried out here, with what is missing or what did not happen."""


def isolate():
    """Continues this program in a network namespace with loopback up. Returns in there."""
    if os.environ.get(ISOLATED):
        return
    os.environ[ISOLATED] = "1"
    command = ["unshare", "--net"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    script = 'ip link set lo up && exec "$@"'
    os.execvp("unshare", [*command, "sh", "-c", script, "sh", sys.executable, *sys.argv])


def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def wait_until(done, limit, what):
    """Asks `done` every few milliseconds; its first true answer. BenchError after `limit` seconds."""
    end = time.monotonic() + limit
    pause = threading.Event()
    while True:
        answer = done()
        if answer:
            return answer
        if time.monotonic() > end:
            raise BenchError(f"not within {limit:g} s: {what}")
        pause.wait(0.005)


def free_port(host="127.0.0.1"):
    with socket.socket() as listener:
        listener.bind((host, 0))
        return listener.getsockname()[1]


def target_address(i):
    """As TargetAddress of pinger.h."""
    return f"127.1.{i // 250}.{i % 250 + 1}"


class Process:
    """A child with a log file. `cpu` and `memory` read /proc."""

    def __init__(self, command, log, pipes=False):
        self.log = log
        with open(log, "ab") as output:
            self.popen = subprocess.Popen(
                command, stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else output, stderr=output, text=True,
                preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), start_new_session=True)

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.running():
            self.popen.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait()

    def stop(self, limit=10):
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.popen.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()

    def cpu(self, thread=None):
        """CPU seconds used so far, by all threads or by those whose ids are given."""
        tasks = thread or [int(t) for t in os.listdir(f"/proc/{self.pid}/task")]
        return sum(self._task_cpu(task) for task in tasks)

    def _task_cpu(self, task):
        # Nanoseconds on the CPU: /proc/.../stat counts in ticks of 10 ms.
        with open(f"/proc/{self.pid}/task/{task}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9

    def threads(self):
        """Ids, oldest first: the first is the main thread."""
        return sorted(int(t) for t in os.listdir(f"/proc/{self.pid}/task"))

    def pss_kb(self):
        """Resident memory, shared pages by share."""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def log_tail(self, lines=15):
        return "\n".join(self.log_text().splitlines()[-lines:])


class Site:
    """A folder and the processes started in it; `with Site(build) as site`."""

    def __init__(self, build):
        self.build = build
        self.folder = tempfile.mkdtemp(prefix="zkc-bench-")
        self.processes = []
        self.zookeeper = None
        self.zookeeper_port = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            if process.running():
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def program(self, name):
        path = os.path.join(self.build, name)
        if not os.path.exists(path):
            raise BenchError(f"{path} is missing: build it")
        return path

    def spawn(self, name, command, **more):
        process = Process(command, self.path(name + ".log"), **more)
        self.processes.append(process)
        return process

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    # --- servers ---

    def start_zookeeper(self, heap="256m", tick=200):
        """A standalone server; its transaction log is in zookeeper_log()."""
        if self.zookeeper_port == 0:
            self.zookeeper_port = free_port()
        config = self.write("zoo.cfg", f"""tickTime={tick}
dataDir={self.path('zk')}
clientPort={self.zookeeper_port}
clientPortAddress=127.0.0.1
maxClientCnxns=0
admin.enableServer=false
4lw.commands.whitelist=*
minSessionTimeout={2 * tick}
maxSessionTimeout=60000
""")
        # As tools/sandbox does, so that the figures are of the same server as the tests are; two compilers,
        # since here it works for minutes.
        self.zookeeper = self.spawn("zookeeper", [
            "java", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xms64m", f"-Xmx{heap}",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", ZOOKEEPER_JARS,
            "org.apache.zookeeper.server.quorum.QuorumPeerMain", config])
        wait_until(lambda: "Mode:" in self.four_letters("srvr"), 30, "ZooKeeper serves:\n" + self.zookeeper.log_tail())

    def zookeeper_log(self):
        return self.path("zk", "version-2")

    def four_letters(self, word):
        try:
            with socket.create_connection(("127.0.0.1", self.zookeeper_port), 0.5) as connection:
                connection.settimeout(0.5)
                connection.sendall(word.encode())
                answer = b""
                while more := connection.recv(65536):
                    answer += more
                return answer.decode(errors="replace")
        except OSError:
            return ""

    def start_redis(self, port=6379, bind="0.0.0.0", name="redis", more=()):
        """One real server; bound to 0.0.0.0 it answers on every 127.x address."""
        server = self.spawn(name, ["redis-server", "--port", str(port), "--bind", *bind.split(), "--save", "",
                                   "--appendonly", "no", "--protected-mode", "no", "--maxclients", "19900",
                                   "--tcp-backlog", "4096", "--dir", self.folder, *more])
        host = "127.0.0.1" if bind == "0.0.0.0" else bind.split()[0]
        wait_until(lambda: self._answers(host, port), 20, f"redis-server at {host}:{port}:\n" + server.log_tail())
        return server

    @staticmethod
    def _answers(host, port):
        try:
            with socket.create_connection((host, port), 0.5) as connection:
                connection.settimeout(0.5)
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    # --- zkcluster ---

    def zkctl(self, *arguments, check=True):
        done = subprocess.run([self.program("tools/zkctl/zkctl"), "--zk", f"127.0.0.1:{self.zookeeper_port}", *arguments],
                              capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise BenchError(f"zkctl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, name, addresses, checkers=1, probe="interval: 1s, timeout: 500ms, threshold: 3s, refused_threshold: 1s",
              more=""):
        shards = "\n".join(f'  - {{name: "s{i + 1}", addr: "{addr}"}}' for i, addr in enumerate(addresses))
        path = self.write(f"{name}.yaml", f"name: {name}\nchecker_count_placeholder\nprobe: {{{probe}}}\n{more}shards:\n{shards}\n"
                          .replace("checker_count_placeholder", f"checkers: {checkers}"))
        self.zkctl("apply", "-f", path)

    def start_checker(self, name="c1", workers=1, session_timeout="3s", more="", ready=True, program=None, wrap=()):
        port = free_port()
        config = self.write(f"{name}.yaml", f"""id: {name}
zookeeper:
  servers: ["127.0.0.1:{self.zookeeper_port}"]
  session_timeout: {session_timeout}
clusters: all
probe: {{workers: {workers}}}
log: {{level: info, format: logfmt}}
metrics: {{listen: "127.0.0.1:{port}"}}
{more}""")
        checker = self.spawn(name, [*wrap, program or self.program("checker/zkchecker"), "--config", config])
        checker.metrics_port = port
        if ready:
            self.await_ready(checker)
        return checker

    def await_ready(self, checker, limit=60):
        wait_until(lambda: "event=checker.ready" in checker.log_text() or not checker.running(), limit,
                   "checker.ready:\n" + checker.log_tail())
        if not checker.running():
            raise BenchError("zkchecker ended:\n" + checker.log_tail())

    @staticmethod
    def metrics(checker):
        """The metrics page as {name with labels: value}."""
        with urllib.request.urlopen(f"http://127.0.0.1:{checker.metrics_port}/metrics", timeout=5) as page:
            lines = page.read().decode().splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line and line[0] != "#"}
