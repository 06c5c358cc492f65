"""Records that are no good requests, of many kinds, from a seed."""

import json

JOB = "note"
# The job of `bad-records`, with a param of each type that a record can get wrong.
JOB_YAML = (
    '{queue: nightly, run: ["/bin/true", "${params.text}"], when-waiting: queue, attempts: 2, '
    "backoff: {initial: 100ms, max: 100ms}, params: {text: {type: string, default: none}, number: {type: integer}, "
    "ratio: {type: number}, day: {type: date}, moment: {type: timestamp}, flag: {type: boolean}, "
    "must: {type: string, required: true}}}"
)
UNREADABLE, UNKNOWN_JOB, BAD_PARAMS, FAILED = "unreadable", "unknown-job", "bad-params", "attempts-used-up"


def good(rng, number):
    """A request that runs, as key, value and headers."""
    body = {"job": JOB, "params": {"text": f"good {number}", "must": "be", "number": rng.randrange(-(2**62), 2**62)}}
    return b"key", json.dumps(body).encode(), headers(f"good-{number}")


def headers(name, **changes):
    """A request's headers with changes: a value that is None leaves the header out."""
    values = {
        "ce_specversion": b"1.0", "ce_type": b"baton.request", "ce_source": b"/bad-records", "ce_id": name.encode(),
        "ce_time": b"2026-11-24T01:29:00Z", "content-type": b"application/json",
    }
    values.update({key.replace("content_type", "content-type"): value for key, value in changes.items()})
    return [(key, value) for key, value in values.items() if value is not None]


def body(**changes):
    fields = {"job": JOB, "params": {"must": "be"}}
    fields.update(changes)
    return json.dumps(fields).encode()


def random_bytes(rng, most):
    return bytes(rng.randrange(256) for _ in range(rng.randrange(1, most)))


def nested(depth, opening=b"[", closing=b"]"):
    return b'{"job":"note","params":{"must":"be","text":' + opening * depth + b"1" + closing * depth + b"}}"


# Each takes a random generator and a number, and returns key, value, headers.


def header_missing(rng, number):
    name = rng.choice(["ce_specversion", "ce_type", "ce_id", "ce_source"])
    return b"k", body(), headers(f"m{number}", **{name: None})


def no_headers(rng, number):
    return None, body(), []


def header_truncated(rng, number):
    name = rng.choice(["ce_specversion", "ce_type", "ce_time"])
    return b"k", body(), [(key, value[: len(value) // 2] if key == name else value) for key, value in headers(f"t{number}")]


def header_empty(rng, number):
    name = rng.choice(["ce_specversion", "ce_type", "ce_id", "ce_source", "ce_time"])
    return b"k", body(), headers(f"e{number}", **{name: b""})


def header_null(rng, number):
    name = rng.choice(["ce_specversion", "ce_type", "ce_id", "ce_source"])
    return b"k", body(), [(key, None if key == name else value) for key, value in headers(f"n{number}")]


def header_twice(rng, number):
    given = headers(f"w{number}")
    return b"k", body(), given + [rng.choice(given)]


def header_not_utf8(rng, number):
    name = rng.choice(["ce_specversion", "ce_type", "ce_id", "ce_source", "ce_subject"])
    return b"k", body(), headers(f"u{number}", **{name: b"\xff\xfe" + random_bytes(rng, 20)})


def header_case(rng, number):
    # Names are compared without regard to case, so this one is there twice.
    return b"k", body(), headers(f"c{number}") + [("CE_ID", b"another")]


def many_headers(rng, number):
    return b"k", body(), headers(f"y{number}", ce_type=b"x") + [(f"h{n}", b"v" * 20) for n in range(2_000)]


def wrong_version(rng, number):
    return b"k", body(), headers(f"v{number}", ce_specversion=rng.choice([b"0.3", b"1", b"1.0 ", b"2.0", b"1.1"]))


def other_event(rng, number):
    kinds = [b"com.example.order.created", b"baton.run.succeeded", b"baton.request.v2", b"Baton.Request", b"baton.order"]
    return b"k", json.dumps({"orderId": number}).encode(), headers(f"o{number}", ce_type=rng.choice(kinds))


def structured_mode(rng, number):
    event = {"specversion": "1.0", "type": "baton.request", "source": "/x", "id": f"s{number}", "data": {"job": JOB}}
    kind = rng.choice([b"application/cloudevents+json", b"application/cloudevents+json; charset=utf-8"])
    return None, json.dumps(event).encode(), [("content-type", kind)]


def batched_mode(rng, number):
    return None, b"[]", [("content-type", b"application/cloudevents-batch+json")]


def null_value(rng, number):
    return b"k", None, headers(f"z{number}")


def empty_value(rng, number):
    return b"k", b"", headers(f"z{number}")


def nothing_at_all(rng, number):
    return None, None, []


def json_truncated(rng, number):
    whole = body()
    return b"k", whole[: rng.randrange(1, len(whole))], headers(f"j{number}")


def not_json(rng, number):
    texts = [b"hello", b"<xml/>", b"{job: note}", b"{'job': 'note'}", b'{"job":"note",}', b'{"job":"note"} trailing', b"\x00", b"NaN"]
    return b"k", rng.choice(texts), headers(f"j{number}")


def not_an_object(rng, number):
    return b"k", rng.choice([b"[]", b"1", b'"note"', b"null", b"true", b'[{"job":"note"}]']), headers(f"j{number}")


def random_value(rng, number):
    return random_bytes(rng, 50), random_bytes(rng, 500), headers(f"r{number}")


def value_not_utf8(rng, number):
    return b"k", b'{"job":"note","params":{"must":"\xc3\x28\xff"}}', headers(f"u{number}")


def wide_encoding(rng, number):
    return b"k", body().decode().encode(rng.choice(["utf-16", "utf-32"])), headers(f"u{number}")


def field_unknown(rng, number):
    return b"k", body(**{rng.choice(["jobs", "Job", "param", "priority", "", "job ", "\u202ejob"]): "x"}), headers(f"f{number}")


def field_type(rng, number):
    name = rng.choice(["job", "params", "origin", "requestedBy", "deduplicationKey", "expires", "notBefore"])
    value = rng.choice([1, 1.5, True, ["x"], [[]], -0.0])
    return b"k", body(**{name: value}), headers(f"f{number}")


def field_value(rng, number):
    changes = rng.choice([
        {"origin": "cron"}, {"expires": "tomorrow"}, {"notBefore": "2026-13-01T00:00:00Z"}, {"job": ""},
        {"expires": "2026-11-24"}, {"deduplicationKey": ""}, {"deduplicationKey": "x" * 1001}, {"notBefore": "99999999999"},
    ])
    return b"k", body(**changes), headers(f"f{number}")


def job_missing(rng, number):
    return b"k", b'{"params":{"must":"be"}}', headers(f"f{number}")


def id_odd(rng, number):
    odd = [b"x" * 201, b"a\nb", b"a\x00b", b"\x1b[31mred", b"\x7f", "é".encode() * 101, b"x" * 100_000, b"\r"]
    return b"k", body(), headers("", ce_id=rng.choice(odd))


def time_odd(rng, number):
    return b"k", body(), headers(f"t{number}", ce_time=rng.choice([b"yesterday", b"2026-11-24", b"1764000000", b"2026-02-30T00:00:00Z"]))


def megabyte(rng, number):
    # One megabyte of params: far more than a request may have.
    return b"k", body(params={"must": "be", "text": "x" * 1_000_000}), headers(f"b{number}")


def largest(rng, number):
    # As large as the topic takes, so that what is added to a dead letter must fit beside it.
    return b"k", bytes(rng.randrange(97, 123) for _ in range(64)) * 32_000, headers(f"b{number}")


def large_headers(rng, number):
    return b"k", body(), headers(f"b{number}") + [("ce_type", b"x" * 500_000)]


def deep(rng, number):
    depth = rng.choice([511, 513, 10_000, 120_000])
    return b"k", rng.choice([nested(depth), nested(depth, b'{"a":', b"}"), b"[" * depth]), headers(f"d{number}")


def unknown_job(rng, number):
    name = rng.choice(["nothing", "Note", " note", "note\n", "../../etc/passwd", "'; DROP TABLE person; --", "é" * 1000])
    return b"k", body(job=name), headers(f"q{number}")


def param_missing(rng, number):
    return b"k", body(params=rng.choice([{}, {"text": "x"}, {"must": None}])), headers(f"p{number}")


def param_unknown(rng, number):
    return b"k", body(params={"must": "be", rng.choice(["mast", "", "Must", "x" * 5000]): 1}), headers(f"p{number}")


def many_unknown_params(rng, number):
    return b"k", body(params={f"p{n}": 1 for n in range(15_000)}), headers(f"p{number}")


def param_type(rng, number):
    changes = rng.choice([
        {"must": 1}, {"number": "1"}, {"number": 1.5}, {"ratio": "x"}, {"day": "2026-02-30"}, {"day": 20261124},
        {"moment": "noon"}, {"flag": "true"}, {"flag": 1}, {"text": ["a"]}, {"text": {"a": {}}},
    ])
    return b"k", body(params={"must": "be", **changes}), headers(f"p{number}")


def number_huge(rng, number):
    huge = rng.choice([b"9223372036854775808", b"-9223372036854775809", b"1" * 400, b"1e30", b"1e309", b"-1e999", b"0.5"])
    return b"k", b'{"job":"note","params":{"must":"be","number":' + huge + b"}}", headers(f"n{number}")


def argument_with_nul(rng, number):
    return b"k", b'{"job":"note","params":{"must":"be","text":"a\\u0000b"}}', headers(f"a{number}")


def argument_too_long(rng, number):
    # A good request, but no program can be started with an argument of this length.
    return b"k", body(params={"must": "be", "text": "x" * 200_000}), headers(f"a{number}")


def own_baton_headers(rng, number):
    # A dead letter's own headers begin so.
    names = ["baton_offset", "baton_reason", "baton_own", "baton_sender_", "baton_sender_baton_run", "baton_"]
    return b"k", b"{}", headers(f"s{number}") + [(rng.choice(names), rng.choice([b"theirs", None, b"\xff"])) for _ in range(3)]


def number_extreme(rng, number):
    # A time that is of another year in UTC than in its own zone.
    return b"k", body(), headers(f"x{number}", ce_time=rng.choice([b"9999-12-31T23:59:59-23:59", b"0000-01-01T00:00:00+23:59"]))


GIANT = b" " * (30 << 20)


def giant_value(rng, number):
    # Thirty megabytes that a producer compresses to some thousands.
    return b"k", GIANT, headers(f"g{number}")


def giant_key(rng, number):
    return GIANT, b"{", headers(f"g{number}")


def giant_header(rng, number):
    return b"k", body(), headers(f"g{number}") + [("h", GIANT.decode())]


# The kind, and what the dead letter must say of it. Rare ones are large or slow; the others share what is left.
KINDS = {
    header_missing: {UNREADABLE}, no_headers: {UNREADABLE}, header_truncated: {UNREADABLE}, header_empty: {UNREADABLE},
    header_null: {UNREADABLE}, header_twice: {UNREADABLE}, header_not_utf8: {UNREADABLE}, header_case: {UNREADABLE},
    wrong_version: {UNREADABLE}, other_event: {UNREADABLE}, structured_mode: {UNREADABLE}, batched_mode: {UNREADABLE},
    null_value: {UNREADABLE}, empty_value: {UNREADABLE}, nothing_at_all: {UNREADABLE}, json_truncated: {UNREADABLE},
    not_json: {UNREADABLE}, not_an_object: {UNREADABLE}, random_value: {UNREADABLE}, value_not_utf8: {UNREADABLE},
    wide_encoding: {UNREADABLE}, field_unknown: {UNREADABLE}, field_type: {UNREADABLE}, field_value: {UNREADABLE},
    job_missing: {UNREADABLE}, id_odd: {UNREADABLE}, time_odd: {UNREADABLE}, unknown_job: {UNKNOWN_JOB},
    param_missing: {BAD_PARAMS}, param_unknown: {BAD_PARAMS}, param_type: {BAD_PARAMS},
    number_huge: {UNREADABLE, BAD_PARAMS}, own_baton_headers: {UNREADABLE}, number_extreme: {UNREADABLE},
}
RARE = {
    many_headers: {UNREADABLE}, megabyte: {UNREADABLE}, largest: {UNREADABLE}, large_headers: {UNREADABLE},
    deep: {UNREADABLE, BAD_PARAMS}, many_unknown_params: {BAD_PARAMS}, argument_with_nul: {FAILED, BAD_PARAMS, "not-retriable"},
    argument_too_long: {FAILED, BAD_PARAMS, "not-retriable"},
}
GIANTS = {giant_value: {UNREADABLE}, giant_key: {UNREADABLE}, giant_header: {UNREADABLE}}
EXPECTED = {**KINDS, **RARE, **GIANTS}


def make(rng, total, rare_each, giants=0):
    """As many records, each with its kind, in random order; the giant ones, if any are wanted, side by side."""
    records = []
    for kind in RARE:
        records += [kind] * min(rare_each, total // 20)
    common = list(KINDS)
    records += [common[number % len(common)] for number in range(max(0, total - len(records)))]
    rng.shuffle(records)
    records = records[:total]
    kinds = list(GIANTS)
    middle = len(records) // 2
    records[middle:middle] = [kinds[number % len(kinds)] for number in range(giants)]
    return [(kind, kind(rng, number)) for number, kind in enumerate(records)]
