"""Breaks things while a run is on, on a real Kafka, and checks what came of it.

For each kind of fault: two workers, GREEN and BLUE, under a supervisor that restarts them at once; one run that copies
--rows persons; the fault at --times random moments of it. Then: does the sink equal the source row by row, what does
`baton audit` find, how many rows were written more than once, is the queue alive? The exit status is 1 when anything is
not as promised; the folder with all logs stays then.

kinds:
  kill    SIGKILL of the worker that runs; it is started again at once
  lost    SIGKILL of the worker that runs; it is away for longer than its session
  pause   SIGSTOP of the worker that runs, for longer than its session, then SIGCONT
  freeze  the same with all that the worker has started, as when a machine sleeps
  term    SIGTERM of the worker that runs, as in a deploy; it is started again at once
  broker  SIGKILL of a broker, and its restart: with --nodes 3 the queue's leader and the group's coordinator in turn
"""

import os
import random
import re
import signal
import sys
import threading
import time

from databases import QUERY, make_pair
from rig import Rig, await_that, count, options, seed_of, table

KINDS = ["kill", "lost", "pause", "freeze", "term", "broker"]
SESSION = 2.0
RUN = "person-sync@2026-11-24T01:29:00Z"
# What a worker's process may end with: told to, killed by us.
# A worker that is told to end twice ends at once (130), and one that has not set up its signals yet ends as any program (-15).
EXPECTED_EXITS = {"kill": {0, -9}, "lost": {0, -9}, "term": {0, 130, -15}}


class Bout:
    """One run under one kind of fault."""

    def __init__(self, rig, pair, kind, arguments, rng):
        self.rig, self.pair, self.kind, self.arguments, self.rng = rig, pair, kind, arguments, rng
        self.owner = None
        self.target = None
        self.timers = []
        self.faults = 0
        self.violations = []

    def run(self):
        rig, arguments = self.rig, self.arguments
        folder = rig.folder / self.kind
        folder.mkdir()
        rig.configuration = folder / "baton.yaml"
        self.pair.make(arguments.rows)
        sync = (
            f'{{from: tis, query: "{QUERY}", key: [id], to: search, table: person, mode: upsert}}'
        )
        rig.configure(
            {
                # Faults are to be survived by what they leave behind, not by giving up late or early.
                "person-sync": f"{{queue: nightly, sync: {sync}, chunk: {{rows: {arguments.chunk}}}, crashes: 1000}}",
                "ping": '{queue: nightly, run: ["/bin/true"]}',
            },
            connections=self.pair.connections(),
            session=f"{SESSION:.0f}s",
            prefix=f"faults-{self.kind}",
        )
        rig.call("topics", "apply")
        self.workers = {worker.name: worker for worker in rig.start_workers("GREEN", "BLUE")}
        if self.kind == "broker":
            self.target = self.important_node(0)
        rig.call("enqueue", "person-sync", "--id", RUN)
        began = time.monotonic()
        await_that(self.look, "a worker takes the run")
        self.break_things()
        for timer in self.timers:
            timer.join()
        facts = rig.await_end(RUN, timeout=600)
        self.seconds = round(time.monotonic() - began)
        rig.call("enqueue", "ping", "--id", "ping-after")
        alive = rig.await_end("ping-after", timeout=60)
        if alive["status"] != "succeeded":
            self.violations.append(f"the request after it ended as {alive['status']}")
        rig.end_workers()
        return self.judge(facts)

    def look(self):
        """Who runs, by the workers' own logs. The later line of two workers wins, by its time."""
        latest = getattr(self, "latest", "")
        for worker in self.workers.values():
            for line in worker.news():
                if "run starts" in line or "run goes on" in line:
                    moment = line.split(" ", 1)[0]
                    if moment >= latest:
                        latest, self.owner = moment, worker
        self.latest = latest
        return self.owner

    def break_things(self):
        moments = sorted(self.rng.uniform(0.01, 0.93) for _ in range(self.arguments.times))
        for moment in moments:
            threshold = moment * self.arguments.rows
            limit = time.monotonic() + 120
            while (rows := self.pair.progress()) < threshold:
                if time.monotonic() > limit:
                    raise RuntimeError(f"no progress for 120 s at {rows} rows")
                time.sleep(0.002)
            if rows >= self.arguments.rows:
                self.violations.append(f"the run was over after {self.faults} faults: use more --rows")
                return
            # Somewhere between two steps of a chunk, not always behind the sink's commit.
            time.sleep(self.rng.uniform(0, 0.02))
            self.look()
            getattr(self, self.kind)()
            self.faults += 1
            if self.arguments.verbose:
                self.rig.say(f"{self.kind} {self.faults} at {count(rows)} rows: {self.owner.name}")

    # The faults.

    def kill(self):
        self.owner.crash()

    def lost(self):
        self.owner.crash(away=SESSION + self.rng.uniform(0.5, 1.5))
        self.await_takeover(self.owner)

    def pause(self):
        self.stop_and_wake([self.owner.pid])

    def freeze(self):
        self.stop_and_wake(self.owner.tree())

    def term(self):
        self.owner.signal(signal.SIGTERM)

    def broker(self):
        kafka = self.rig.kafka
        node = self.target or self.important_node(self.faults)
        kafka.kill(node)
        time.sleep(self.rng.uniform(0, 3))
        kafka.restart(node)
        # Kafka's tools take seconds, in which a run goes far: asked now, while it mostly still waits for its cluster.
        self.target = self.important_node(self.faults + 1)

    def important_node(self, number):
        if self.rig.kafka.nodes == 1:
            return 1
        prefix = f"faults-{self.kind}"
        if number % 2 == 0:
            text = self.rig.kafka.run("topics", "--describe", "--topic", f"{prefix}.nightly.requests")
            return int(text.split("Leader: ")[1].split()[0])
        text = self.rig.kafka.run("consumer-groups", "--describe", "--state", "--group", prefix)
        return int(re.search(r"\((\d+)\)", text).group(1))

    def stop_and_wake(self, pids):
        stopped = self.owner
        for pid in pids:
            send(pid, signal.SIGSTOP)
        self.await_takeover(stopped)

        def wake():
            for pid in pids:
                send(pid, signal.SIGCONT)

        # It wakes while another runs, and finds out.
        timer = threading.Timer(self.rng.uniform(0, 0.5), wake)
        timer.start()
        self.timers.append(timer)

    def await_takeover(self, old):
        def taken():
            self.look()
            return self.owner is not old

        await_that(taken, "another worker takes over", timeout=60, pause=0.01)

    # What came of it.

    def judge(self, facts):
        arguments = self.arguments
        compared = self.pair.compare()
        audit = self.rig.facts("audit", "nightly", check=False)[0]
        attempts = facts["attempts"]
        causes = [attempt["cause"] for attempt in attempts]
        allowed = self.faults * arguments.chunk
        if facts["status"] != "succeeded":
            self.violations.append(f"the run ended as {facts['status']}: {facts['end']}")
        if facts["rows"] != arguments.rows:
            self.violations.append(f"the run says it has {facts['rows']} rows")
        if compared.differing or compared.duplicates or compared.source != compared.sink:
            self.violations.append("the sink does not equal the source")
        twice = compared.written_twice(RUN)
        if not 0 <= twice <= allowed:
            self.violations.append(
                f"{twice} rows were written twice, {allowed} at most are allowed; by attempt: {compared.given(RUN)}"
            )
        if audit["findings"]:
            self.violations += [finding["message"] for finding in audit["findings"]]
        if "failure" in causes:
            self.violations.append("an attempt failed by itself")
        for worker in self.workers.values():
            odd = set(worker.exits) - EXPECTED_EXITS.get(self.kind, {0})
            if odd:
                self.violations.append(f"{worker.name} ended with {sorted(odd)}")
        for violation in self.violations:
            self.rig.say(f"VIOLATION ({self.kind}): {violation}")
        return [
            self.kind, self.faults, len(attempts), causes.count("crash"), causes.count("handover"),
            causes.count("interruption"), causes.count("failure"), compared.source, compared.sink, compared.differing,
            compared.duplicates, twice, allowed, len(audit["findings"]), self.seconds,
        ]


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def main():
    parser = options(__doc__, 21592)
    parser.add_argument("--rows", type=int, default=1_000_000, help="persons of each run (1,000,000)")
    parser.add_argument("--chunk", type=int, default=250, help="rows of a chunk (250)")
    parser.add_argument("--times", type=int, default=20, help="faults of each kind (20)")
    parser.add_argument("--seed", type=int, help="of the random moments; printed, so that a run can be repeated")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this one; may be repeated")
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="of the Kafka cluster (1)")
    parser.add_argument("--postgres", action="store_true", help="from PostgreSQL to PostgreSQL instead of SQLite")
    parser.add_argument("--verbose", action="store_true", help="tell of each fault")
    arguments = parser.parse_args()
    seed = seed_of(arguments)
    with Rig("faults", arguments, arguments.nodes) as rig:
        pair = make_pair(rig.folder, arguments.postgres)
        rig.say(f"seed {seed}, {pair.name} to {pair.name}, {count(arguments.rows)} rows in chunks of {arguments.chunk}")
        rig.kafka.start()
        pair.start()
        rig.at_end(pair.destroy)
        rows = [
            ["kind", "faults", "attempts", "after crash", "handover", "interruption", "failure", "source", "sink",
             "differing", "duplicates", "written twice", "allowed", "findings", "seconds"],
        ]
        violations = 0
        for kind in arguments.kind or KINDS:
            rig.say(f"{kind}: {arguments.times} times")
            bout = Bout(rig, pair, kind, arguments, random.Random(f"{seed} {kind}"))
            rows.append(bout.run())
            violations += len(bout.violations)
        print("\n" + table(rows) + "\n")
        rig.say("all as promised" if not violations else f"{violations} things are not as promised")
        rig.keep = rig.keep or violations > 0
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
