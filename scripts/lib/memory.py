"""Peak memory of a worker and its runner for 10 thousand, 100 thousand and 1 million rows, as a table in Markdown.

Each size is one run of one fresh worker on a real Kafka. The exit status is 1 when the sum for the largest is more than
10% above that for the smallest.
"""

from databases import QUERY, make_pair
from rig import Rig, count, mebibytes, options, table


def main():
    parser = options(__doc__, port=24092)
    parser.add_argument("--sizes", default="10000,100000,1000000", help="rows (10000,100000,1000000)")
    arguments = parser.parse_args()
    rows = [("copy", "rows", "worker", "runner", "together")]
    flat = True
    with Rig("memory", arguments) as rig:
        rig.kafka.start()
        for number, postgres in enumerate((False, True)):
            pair = make_pair(rig.folder, postgres)
            rig.at_end(pair.destroy)
            pair.start()
            sums = []
            for size in map(int, arguments.sizes.split(",")):
                pair.make(size, counts=False)
                sync = f'{{from: tis, query: "{QUERY}", key: [id], to: search, table: person, mode: upsert}}'
                rig.configure(
                    {"copy": f"{{queue: nightly, sync: {sync}, chunk: {{rows: 5000}}}}"},
                    pair.connections(), prefix=f"memory{number}-{size}")
                rig.call("topics", "apply")
                (worker,) = rig.start_workers("GREEN")
                rig.call("enqueue", "copy", "--id", "copy-1")
                facts = rig.await_end("copy-1")
                if facts["status"] != "succeeded" or facts["rows"] != size:
                    raise RuntimeError(f"the copy did not succeed: {facts}")
                peak, runner = worker.note_memory(), facts["end"]["facts"]["peakMemoryBytes"]
                sums.append(peak + runner)
                rows.append((f"{pair.name} to {pair.name}", count(size), mebibytes(peak), mebibytes(runner), mebibytes(peak + runner)))
                rig.end_workers()
            flat = flat and sums[-1] <= sums[0] * 1.1
        print(table(rows, markdown=True))
        if not flat:
            raise RuntimeError("memory grows with the rows")


main()
