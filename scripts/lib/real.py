"""The demo on real parts: a real Kafka, a real PostgreSQL, 1,000,000 persons, two workers.

The nightly person sync starts; a manual rerun is requested while it runs; the worker that runs it is killed with SIGKILL in
the middle and stays away; the other goes on at the last checkpoint. Then the figures, computed from the data and by
`baton audit`. The exit status is 1 when one of them is not as promised.
"""

import sys

from databases import QUERY, make_pair
from rig import Rig, await_that, count, mebibytes, options

NIGHTLY = "person-sync@2026-11-24T01:29:00Z"
MANUAL = "person-sync-manual-rerun"


def main():
    parser = options(__doc__, port=23092)
    parser.add_argument("--rows", type=int, default=1_000_000, help="persons (1000000)")
    parser.add_argument("--chunk", type=int, help="rows of a chunk (5000, and fewer where these were not 200 chunks)")
    parser.add_argument("--sqlite", action="store_true", help="from SQLite to SQLite instead")
    arguments = parser.parse_args()
    if arguments.chunk is None:
        arguments.chunk = max(1, min(5_000, arguments.rows // 200))
    with Rig("real", arguments) as rig:
        pair = make_pair(rig.folder, not arguments.sqlite)
        rig.at_end(pair.destroy)
        rig.say(f"{pair.name} starts, and {count(arguments.rows)} persons are made")
        pair.start()
        pair.make(arguments.rows)
        rig.say("Kafka starts")
        rig.kafka.start()
        sync = f'{{from: tis, query: "{QUERY}", key: [id], to: search, table: person, mode: upsert}}'
        rig.configure(
            {
                "person-sync": f"{{queue: nightly, sync: {sync}, chunk: {{rows: {arguments.chunk}}}, memory: 256MiB, "
                "when-waiting: coalesce}"
            },
            pair.connections(),
            session="6s",
        )
        rig.call("topics", "apply")
        workers = {worker.name: worker for worker in rig.start_workers("GREEN", "BLUE")}
        rig.say("two workers start, GREEN and BLUE")
        rig.call("enqueue", "person-sync", "--id", NIGHTLY)
        rig.say("01:29  the nightly person sync is due: its request is on the log")
        await_that(lambda: pair.progress() >= arguments.rows // 4, "a quarter of the rows")
        # By the workers' own logs, which are at hand at once: the run does not wait.
        first = next(name for name, worker in workers.items() if any("run starts" in line for line in worker.news()))
        rig.call("enqueue", "person-sync", "--id", MANUAL)
        rig.say(f"01:31  {count(pair.progress())} rows in on {first}: somebody asks for a manual rerun")
        await_that(lambda: pair.progress() >= arguments.rows // 2, "half of the rows")
        for worker in workers.values():
            worker.note_memory()
        workers[first].crash(away=60)
        rig.say(f"01:33  {count(pair.progress())} rows in, {first} is killed (SIGKILL) and stays away")
        nightly = rig.await_end(NIGHTLY)
        rig.say(f"the nightly sync: {nightly['status']} on {nightly['attempts'][-1]['worker']}, {count(nightly['rows'])} rows")
        if len(nightly["attempts"]) < 2:
            raise RuntimeError("the run was over before its worker was killed: use more --rows")
        # Twice: the rerun, which has begun, would mend what the nightly sync left out.
        differing = pair.compare().differing
        manual = rig.await_end(MANUAL)
        rig.say(f"the manual rerun: {manual['status']}, {count(manual['rows'])} rows")
        compared = pair.compare()
        differing = max(differing, compared.differing)
        twice, again = compared.written_twice(NIGHTLY), compared.written_twice(MANUAL)
        peak = max(worker.note_memory() for worker in workers.values())
        runner = max(facts["end"].get("facts", {}).get("peakMemoryBytes", 0) for facts in (nightly, manual))
        code, text = rig.call("audit", "nightly", check=False)
        audit = rig.facts("audit", "nightly", check=False)[0]
        overlaps = sum(finding["invariant"] == 1 for finding in audit["findings"])
        rows = [
            ("persons in the source", count(compared.source)),
            ("persons in the search table", count(compared.sink)),
            ("persons there twice", count(compared.duplicates)),
            ("persons that differ", count(differing)),
            ("runs that overlapped", count(overlaps)),
            ("rows written by attempt", " and ".join(map(count, compared.given(NIGHTLY)))),
            ("rows written twice", f"{count(twice)} (at most one chunk of {count(arguments.chunk)})"),
            ("rows written by the rerun", " and ".join(map(count, compared.given(MANUAL)))),
            ("attempts of the nightly run", ", ".join(f"{a['worker']} ({a['cause']})" for a in nightly["attempts"])),
            ("other findings of the audit", count(len(audit["findings"]) - overlaps)),
            ("peak memory", f"worker {mebibytes(peak)}, runner {mebibytes(runner)}"),
        ]
        print()
        for name, value in rows:
            print(f"          {name:<30}{value}")
        print()
        good = (
            compared.source == compared.sink == arguments.rows
            and compared.duplicates == differing == 0
            and 0 <= twice <= arguments.chunk
            and again == 0
            and nightly["status"] == manual["status"] == "succeeded"
            and len(nightly["attempts"]) == 2
            and code == 0
        )
        if not good:
            print(text, file=sys.stderr)
            raise RuntimeError("this is not what was promised")
        rig.say("every person once, every request run once")


main()
