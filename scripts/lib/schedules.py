"""Three schedulers, a job every 2 s, and schedulers that are killed, told to end and stopped at random, on a real Kafka.

A worker runs what they propose. At the end `baton audit` must find each nominal fire of the time exactly once. Prints how many
proposals the log's order dropped as duplicates, and how late the schedulers were by their own logs.
"""

import random
import re
import signal
import sys
import threading
import time

from rig import Rig, await_that, options, seed_of

NAMES = ["ONE", "TWO", "THREE"]


def disturb(rig, schedulers, rng, until, quiet):
    """Faults until the time is over; now and then all schedulers are away."""
    counts = {"killed": 0, "told to end": 0, "stopped for a while": 0, "all away": 0}
    timers = []
    while time.monotonic() < until:
        time.sleep(rng.uniform(*quiet))
        victim = rng.choice(schedulers)
        kind = rng.choice(["killed"] * 4 + ["told to end"] * 3 + ["stopped for a while"] * 2 + ["all away"])
        counts[kind] += 1
        if kind == "killed":
            victim.crash(away=rng.uniform(0, 5))
        elif kind == "told to end":
            victim.restart_delay = rng.uniform(0, 5)
            victim.signal(signal.SIGTERM)
        elif kind == "stopped for a while":
            pid = victim.pid
            victim.signal(signal.SIGSTOP)
            timer = threading.Timer(rng.uniform(1, 8), lambda pid=pid: wake(pid))
            timer.start()
            timers.append(timer)
        else:
            away = rng.uniform(3, 10)
            for scheduler in schedulers:
                scheduler.signal(signal.SIGCONT)
                scheduler.crash(away=away)
    for timer in timers:
        timer.join()
    return counts


def wake(pid):
    import os

    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass  # Killed meanwhile.


def lateness(rig):
    """How late each proposal was sent by the schedulers' own logs, in milliseconds, of those that were on time at all."""
    found = []
    for name in NAMES:
        for line in (rig.folder / f"{name.lower()}.log").read_text().splitlines():
            if " proposed" in line and (match := re.search(r"late=(-?\d+)ms", line)):
                found.append(int(match.group(1)))
    return sorted(found)


def main():
    parser = options(__doc__, port=26092)
    parser.add_argument("--minutes", type=float, default=5, help="how long (5)")
    parser.add_argument("--every", default="2s", help="the job's interval (2s)")
    parser.add_argument("--quiet", action="store_true", help="no faults: tells how late schedulers are by themselves")
    parser.add_argument("--seed", type=int, help="of the faults")
    arguments = parser.parse_args()
    seed = seed_of(arguments)
    with Rig("schedules", arguments) as rig:
        rig.say(f"seed {seed}")
        rig.kafka.start()
        rig.configure(
            {"tick": f'{{queue: nightly, run: ["/bin/true"], every: {arguments.every}, catch-up: all}}'},
            scheduler="{in-workers: false}")
        rig.call("topics", "apply")
        rig.start_workers("GREEN")
        schedulers = rig.start_workers(*NAMES, kind="scheduler")
        await_that(lambda: rig.facts("runs", "--limit", "1"), "the first run")
        until = time.monotonic() + arguments.minutes * 60
        if arguments.quiet:
            time.sleep(arguments.minutes * 60)
            counts = {}
        else:
            counts = disturb(rig, schedulers, random.Random(seed), until, (0.5, 4))
            rig.say("faults: " + ", ".join(f"{number} {kind}" for kind, number in counts.items()))
        # What was missed while all were away is caught up with, and what waits is run.
        await_that(lambda: all(scheduler.pid for scheduler in schedulers), "the schedulers")
        time.sleep(12)
        for scheduler in schedulers:
            scheduler.end()
        await_that(lambda: rig.facts("lag", "--json", "--queue", "nightly")[0]["lag"] == 0, "an empty queue")
        status, _ = rig.call("audit", "nightly", check=False)
        report = rig.facts("audit", "nightly", check=False)[0]
        fires = report["fires"][0]
        late = lateness(rig)
        rig.say(
            f"fires: {fires['due']} due, {fires['once']} with exactly one run, {fires['missing']} missing, "
            f"{fires['doubled']} doubled; {fires['duplicates']} proposals dropped as duplicates; "
            f"{len(report['findings'])} other findings")
        if late:
            near = [value for value in late if value < 30_000]
            rig.say(
                f"late: p50 {near[len(near) // 2]} ms, p99 {near[int(len(near) * 0.99)]} ms, "
                f"max {late[-1]} ms of {len(late)} proposals")
        exits = sorted({code for scheduler in schedulers for code in scheduler.exits})
        rig.say(f"exit statuses of schedulers: {exits}")
        # What the audit calls due ends some seconds before it is run: the last fires may be later than that.
        wrong = status != 0 or fires["doubled"] or fires["missing"] or fires["due"] < arguments.minutes * 25
        wrong = wrong or not set(exits) <= {0, -9, 130, -15}
        rig.say("FAILED" if wrong else "ok")
        if wrong:
            rig.keep = True
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
