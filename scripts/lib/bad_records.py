"""Puts records that are no requests on a requests topic, with good ones among them, and checks what becomes of each.

On a real Kafka, with one worker: each bad record must end in the dead letters with its reason, its key, its value and its
headers as they were sent, but for parts that are too large for a dead letter; each good request must succeed; the worker must stay up; `baton audit` must find nothing.
"""

import collections
import random
import re
import sys
import time

from mutations import EXPECTED, GIANTS, JOB, JOB_YAML, good, make
from records import ensure_client, read_all, send_all
from rig import Rig, await_that, count, options, seed_of, table


def reason_class(reason):
    """A reason without what is particular to one record."""
    line = reason.split("\n")[0]
    line = re.sub(r'"(\\.|[^"\\])*"?…?|\'[^\']*\'|\'.*$', "…", line)
    return re.sub(r"[0-9][0-9,]*", "N", line)[:90]


def printable(text):
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def main():
    parser = options(__doc__, 21112)
    parser.add_argument("--count", type=int, default=10_000, help="bad records (10,000)")
    parser.add_argument("--rare", type=int, default=20, help="of each kind that is large or slow (20)")
    parser.add_argument("--giants", type=int, default=0, help="records of 30 MiB each, packed to some thousand bytes (0)")
    parser.add_argument("--compression", default="gzip", help="how they are packed: gzip, lz4, zstd (gzip)")
    parser.add_argument("--seed", type=int, help="of the records; printed, so that a run can be repeated")
    arguments = parser.parse_args()
    ensure_client()
    seed = seed_of(arguments)
    rng = random.Random(seed)
    bad = make(rng, arguments.count, arguments.rare, arguments.giants)
    mixed = []
    for number, record in enumerate(bad):
        mixed.append(record)
        if number % 50 == 0:
            mixed.append((None, good(rng, number)))
    goods = len(mixed) - len(bad)

    with Rig("bad-records", arguments) as rig:
        rig.say(f"seed {seed}: {count(len(bad))} bad records, {goods} good ones among them")
        rig.kafka.start()
        rig.configure({JOB: JOB_YAML}, session="6s", log="warning")
        rig.call("topics", "apply")
        compression = arguments.compression if arguments.giants else "none"
        offsets = send_all(rig.kafka.bootstrap, "baton.nightly.requests", [record for _, record in mixed], compression)
        size = sum(len(value or b"") for _, (_, value, _) in mixed)
        rig.say(f"they are on the topic, {size / 1e6:.0f} MB of values; a worker starts")
        began = time.monotonic()
        [worker] = rig.start_workers("GREEN")

        def done():
            found = rig.facts("lag")[0]
            return found["lag"] == 0 and found["committed"] == len(mixed)

        try:
            await_that(done, "all requests have an end", timeout=60 + len(mixed) / 20, pause=0.5)
        except RuntimeError:
            print(worker.log.read_text(errors="replace")[-3000:])
            raise
        seconds = time.monotonic() - began
        memory = worker.note_memory()
        starts = worker.starts
        violations = judge(rig, mixed, offsets)
        if starts != 1:
            violations.append(f"the worker was started {starts} times: {worker.exits}")
        rig.say(
            f"{count(len(mixed))} records in {seconds:.1f} s, {len(mixed) / seconds:.0f} a second; the worker's peak memory: "
            f"{memory / 1_048_576:.0f} MiB"
        )
        for violation in violations[:30]:
            rig.say("VIOLATION: " + printable(violation))
        rig.say("all as promised" if not violations else f"{len(violations)} things are not as promised")
        rig.keep = rig.keep or bool(violations)
    return 1 if violations else 0


def size(part):
    """The bytes of a key, a value or the headers without what the log adds."""
    return sum(len(name) + len(value or "") for name, value in part) if isinstance(part, list) else len(part or b"")


def judge(rig, mixed, offsets):
    violations = []
    sent = {offset: item for offset, item in zip(offsets, mixed)}
    letters = collections.defaultdict(list)
    for _, key, value, headers in read_all(rig.kafka.bootstrap, "baton.dead-letters"):
        theirs = "baton_sender_"
        added = {name: text for name, text in headers if name.startswith("baton_") and not name.startswith(theirs)}
        own = [(name.removeprefix(theirs), text) for name, text in headers if name not in added]
        letters[int(added["baton_offset"])].append((key, value, own, added))
    by_kind = collections.Counter()
    reasons = collections.Counter()
    for offset, (kind, record) in sorted(sent.items()):
        found = letters.get(offset, [])
        if kind is None:
            if found:
                violations.append(f"the good request at {offset} is in the dead letters: {found[0][3]['baton_reason']!r}")
            continue
        if len(found) != 1:
            violations.append(f"{kind.__name__} at {offset} has {len(found)} dead letters")
            continue
        key, value, own, added = found[0]
        dead_kind, reason = added["baton_kind"].decode(), added["baton_reason"].decode()
        by_kind[(kind.__name__, dead_kind)] += 1
        reasons[(dead_kind, reason_class(reason))] += 1
        if dead_kind not in EXPECTED[kind]:
            violations.append(f"{kind.__name__} at {offset} is {dead_kind}: {reason}")
        if (kind in GIANTS) != ("baton_dropped" in added) or len(reason.encode()) > 4_000:
            violations.append(f"{kind.__name__} at {offset}: {added}")
        if not reason:
            violations.append(f"{kind.__name__} at {offset} has no reason")
        dropped = dict(part.split("=") for part in added.get("baton_dropped", b"").decode().split(",") if part)
        for name, ours, theirs in zip(("key", "value", "headers"), record, (key, value, own)):
            if name in dropped:
                if theirs or not 0 <= int(dropped.pop(name)) - size(ours) < 1_000:
                    violations.append(f"{kind.__name__} at {offset}: the {name} of {size(ours)} bytes is dropped wrongly")
            elif ours != theirs:
                violations.append(f"{kind.__name__} at {offset}: the {name} is not as sent: {str(ours)[:80]} {str(theirs)[:80]}")
    for offset in set(letters) - set(sent):
        violations.append(f"a dead letter of offset {offset}, which was never sent")
    succeeded = {run["offset"] for run in rig.facts("runs", "--status", "succeeded", "--limit", "1000000")}
    for offset, (kind, _) in sent.items():
        if (kind is None) != (offset in succeeded):
            violations.append(f"{kind.__name__ if kind else 'the good request'} at {offset}: succeeded is {offset in succeeded}")
    audit = rig.facts("audit", "nightly", check=False)[0]
    violations += [finding["message"] for finding in audit["findings"]]
    print("\n" + table([["kind", "dead letters", "as"]] + [[name, number, kind] for (name, kind), number in sorted(by_kind.items())]))
    print()
    heads = [["reason", "dead letters"]]
    print(table(heads + [[printable(f"{kind}: {text}"), number] for (kind, text), number in reasons.most_common(60)]))
    print()
    good_ones = sum(1 for kind, _ in mixed if kind is None)
    print(table([
        ["requests", "dead letters", "good", "succeeded", "audit: requests", "findings"],
        [len(mixed), sum(len(found) for found in letters.values()), good_ones, len(succeeded), audit["requests"], len(audit["findings"])],
    ]) + "\n")
    return violations


if __name__ == "__main__":
    sys.exit(main())
