"""Baton beside Kafka's own tools, on a real Kafka.

console-producer enqueues a request by the documented format; consumer-groups shows the lag that `baton lag` shows; a group whose
offsets were deleted goes on at the first request without an end; a queue whose waiting requests were deleted stops with an
error that names them, and goes on when it is told to; a requests topic with two partitions is refused.
"""

import re

from rig import Rig, await_that, options


class Check:
    def __init__(self, rig):
        self.rig, self.failed = rig, 0

    def that(self, condition, words):
        self.failed += not condition
        self.rig.say(("ok    " if condition else "WRONG ") + words)


def shown_lag(rig):
    text = rig.kafka.run("consumer-groups", "--describe", "--group", "baton", check=False)
    for line in text.splitlines():
        cells = line.split()
        if len(cells) > 5 and cells[1] == "baton.nightly.requests":
            return int(cells[5])
    return None


def baton_lag(rig):
    _, text = rig.call("lag", "--json", "--queue", "nightly", check=False)
    return int(re.search(r'"lag":(\d+)', text).group(1))


def wait_for_lag(rig, number):
    await_that(lambda: baton_lag(rig) == number, f"a lag of {number}")


def main():
    arguments = options(__doc__, port=25092).parse_args()
    with Rig("interop", arguments) as rig:
        check = Check(rig)
        rig.kafka.start()
        rig.configure({"hello": '{queue: nightly, run: ["/bin/echo", "hello"]}'})
        rig.call("topics", "apply")
        rig.start_workers("GREEN")

        line = "ce_specversion:1.0,ce_type:baton.request,ce_source:/me,ce_id:my-first\t" + '{"job":"hello"}\n'
        rig.kafka.run(
            "console-producer", "--topic", "baton.nightly.requests", "--property", "parse.headers=true", input=line)
        facts = rig.await_end("my-first")
        check.that(facts["status"] == "succeeded", "console-producer's request runs")

        rig.call("pause", "nightly", "--reason", "interop")
        await_that(lambda: "order: pause" in (rig.folder / "green.log").read_text(), "the pause")
        for number in range(4):
            rig.call("enqueue", "hello", "--id", f"waiting-{number}")
        check.that(shown_lag(rig) == baton_lag(rig) == 4, "consumer-groups and baton lag both show 4 that wait")
        rig.call("resume", "nightly")
        wait_for_lag(rig, 0)
        check.that(shown_lag(rig) == 0, "and 0 when they have run")

        rig.end_workers()
        rig.call("enqueue", "hello", "--id", "after-the-group")
        rig.kafka.run(
            "consumer-groups", "--delete-offsets", "--group", "baton", "--topic", "baton.nightly.requests")
        check.that(shown_lag(rig) is None, "the group's offset is deleted")
        rig.start_workers("GREEN")
        rig.await_end("after-the-group")
        runs = {facts["run"]: facts for facts in rig.facts("runs", "--since", "all")}
        check.that(
            len(runs) == 6 and all(len(facts["attempts"]) == 1 for facts in runs.values()),
            "it goes on at the first request without an end: six requests, one attempt each")
        check.that(rig.call("audit", "nightly", check=False)[0] == 0, "the audit finds nothing")

        rig.call("pause", "nightly")
        await_that(lambda: (rig.folder / "green.log").read_text().count("order: pause") >= 2, "the pause")
        for number in range(5):
            rig.call("enqueue", "hello", "--id", f"lost-{number}")
        rig.end_workers()
        delete = rig.folder / "delete.json"
        delete.write_text('{"partitions":[{"topic":"baton.nightly.requests","partition":0,"offset":9}],"version":1}')
        rig.kafka.run("delete-records", "--offset-json-file", str(delete))
        (worker,) = rig.start_workers("GREEN")
        # The worker's log goes on in the same file.
        await_that(lambda: "are gone from the log" in worker.log.read_text(), "the error")
        error = next(line for line in worker.log.read_text().splitlines() if "are gone from the log" in line)
        print("          " + error.split("  ", 3)[-1][:400])
        check.that("offsets 6 to 8" in error and "--accept-loss-below 9" in error, "the error names offsets 6 to 8 and the way on")
        rig.call("resume", "nightly")
        check.that(baton_lag(rig) >= 2, "a plain resume skips nothing")
        rig.call("resume", "nightly", "--accept-loss-below", "9")
        wait_for_lag(rig, 0)
        runs = {facts["run"]: facts["status"] for facts in rig.facts("runs", "--since", "all")}
        check.that(runs.get("lost-3") == runs.get("lost-4") == "succeeded", "what was left runs when the loss is accepted")
        check.that(rig.call("audit", "nightly", check=False)[0] == 0, "the audit finds nothing")
        rig.end_workers()

        rig.kafka.run("topics", "--create", "--topic", "two.nightly.requests", "--partitions", "2", "--replication-factor", "1")
        rig.configure({"hello": '{queue: nightly, run: ["/bin/echo", "hello"]}'}, prefix="two")
        rig.call("topics", "apply", check=False)
        code, text = rig.call("worker", "--name", "RED", check=False)
        check.that(code != 0 and "2 partitions" in text, "a requests topic with two partitions is refused")
        if check.failed:
            raise RuntimeError(f"{check.failed} checks failed")


main()
