"""What the scripts share: a folder with a configuration, the baton executable, workers, and what they did."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from kafka import PROJECT, Kafka
from workers import SupervisedWorker


def options(description, port):
    """A parser with what every script takes."""
    name = pathlib.Path(sys.argv[0]).stem.replace("_", "-")
    parser = argparse.ArgumentParser(
        prog=f"scripts/{name}", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=port, help=f"first port of the Kafka that is started ({port})")
    parser.add_argument("--baton", help="the executable; by default scripts/build makes it")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and databases")
    return parser


def find_baton(given):
    if given:
        return pathlib.Path(given).resolve()
    done = subprocess.run([str(PROJECT / "scripts" / "build"), "baton"], text=True, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit("scripts/build failed")
    return pathlib.Path(done.stdout.strip().splitlines()[-1]) / "baton"


class Rig:
    """A folder under /tmp in which one script works; `with` ends what was started in it, whatever happens."""

    def __init__(self, name, arguments, nodes=1):
        self.baton = find_baton(arguments.baton)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"baton-{name}-", dir="/tmp"))
        # PostgreSQL, as a user of its own, must be able to enter.
        self.folder.chmod(0o755)
        self.kafka = Kafka(self.folder / "kafka", arguments.port, nodes)
        self.configuration = self.folder / "baton.yaml"
        self.workers = []
        self.began = time.monotonic()
        self.keep = arguments.keep
        self._closers = []
        # As Ctrl-C: what was started ends with the script.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for close in [*(worker.end for worker in self.workers), *reversed(self._closers), self.kafka.destroy]:
            try:
                close()
            except Exception as problem:
                # What else was started must end all the same.
                print(f"{close.__qualname__}: {problem}", file=sys.stderr)
        if self.keep or (kind is not None and kind is not KeyboardInterrupt):
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        return False

    def at_end(self, close):
        self._closers.append(close)

    def say(self, text):
        print(f"{time.monotonic() - self.began:8.1f} s  {text}", flush=True)

    def configure(self, jobs, connections=None, queues="{nightly: {}}", session="2s", prefix="baton", log="info", scheduler="{}"):
        """Writes baton.yaml.

        jobs: a mapping of a job's name to its YAML, one line.
        """
        lines = [
            f'kafka: {{bootstrap: "{self.kafka.bootstrap}", prefix: {prefix}, group: {prefix}}}',
            f"queues: {queues}",
            f"worker: {{session-timeout: {session}, log: {{level: {log}}}}}",
            f"scheduler: {scheduler}",
        ]
        if connections:
            lines.append("connections:")
            lines += [f"  {name}: {json.dumps(url, ensure_ascii=False)}" for name, url in connections.items()]
        lines.append("jobs:")
        lines += [f"  {name}: {body}" for name, body in jobs.items()]
        self.configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def call(self, *arguments, check=True, timeout=120):
        """Runs baton with the configuration; returns its exit status and what it printed."""
        command = [str(self.baton), *arguments, "--config", str(self.configuration)]
        done = subprocess.run(command, text=True, capture_output=True, check=False, timeout=timeout)
        if check and done.returncode != 0:
            raise RuntimeError(f"baton {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.returncode, done.stdout + done.stderr

    def facts(self, *arguments, check=True):
        """The JSON documents that a command prints, one a line."""
        _, text = self.call(*arguments, "--json", check=check)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def start_workers(self, *names, kind="worker"):
        started = [
            SupervisedWorker(self.baton, name, self.configuration, self.configuration.parent, kind) for name in names
        ]
        for worker in started:
            worker.start()
        self.workers += started
        return started

    def end_workers(self):
        for worker in self.workers:
            worker.end()
        self.workers = []

    def run_facts(self, run):
        """What `baton show` tells of a run; None while the log does not know it."""
        found = self.facts("show", run, check=False)
        return found[0] if found else None

    def await_end(self, run, timeout=300):
        """Waits until a run has an end. Returns its facts."""
        limit = time.monotonic() + timeout
        while time.monotonic() < limit:
            facts = self.run_facts(run)
            if facts and "end" in facts:
                return facts
            time.sleep(0.2)
        raise RuntimeError(f"run {run} has no end after {timeout} s: {self.call('status', check=False)[1]}")


def await_that(condition, what, timeout=60, pause=0.05):
    """Asks again and again until the answer is true, and returns it."""
    limit = time.monotonic() + timeout
    while time.monotonic() < limit:
        answer = condition()
        if answer:
            return answer
        time.sleep(pause)
    raise RuntimeError(f"waited {timeout} s in vain: {what}")


def count(number):
    return f"{number:,}" if isinstance(number, int) else str(number)


def mebibytes(number):
    return f"{number / 1_048_576:.1f} MiB"


def table(rows, markdown=False):
    """Rows of equal length, the first one the heads, as text; all but the first column to the right."""
    cells = [[count(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = []
    for number, row in enumerate(cells):
        padded = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ]
        lines.append("| " + " | ".join(padded) + " |" if markdown else "  ".join(padded).rstrip())
        if number == 0 and markdown:
            lines.append("| " + " | ".join("-" * width if column == 0 else "-" * (width - 1) + ":" for column, width in enumerate(widths)) + " |")
    return "\n".join(lines)


def seed_of(arguments):
    """The seed that was given, or a new one."""
    return arguments.seed if arguments.seed is not None else int.from_bytes(os.urandom(4), "big")
