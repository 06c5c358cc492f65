"""Raw records to and from Kafka, with any headers and bytes.

Needs the package confluent-kafka. `ensure_client` puts it into a virtual environment of its own, under the user's cache,
and starts the calling script again in it.
"""

import os
import pathlib
import subprocess
import sys
import venv

PACKAGE = "confluent-kafka>=2.3,<3"


def ensure_client():
    try:
        import confluent_kafka  # noqa: F401

        return
    except ImportError:
        pass
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "baton-scripts" / "python"
    python = cache / "bin" / "python3"
    if pathlib.Path(sys.prefix) == cache:
        sys.exit(f"{PACKAGE} is not in {cache}: delete that folder and try again")
    installed = python.exists() and subprocess.run([str(python), "-c", "import confluent_kafka"], check=False).returncode == 0
    if not installed:
        print(f"installing {PACKAGE} into {cache}", file=sys.stderr)
        # A half-made one, as without the package python3-venv, is no hindrance.
        venv.create(cache, with_pip=True, clear=True)
        done = subprocess.run([str(python), "-m", "pip", "install", "--quiet", PACKAGE], check=False)
        if done.returncode != 0:
            sys.exit(f"pip cannot install {PACKAGE}; this script needs it once, from PyPI")
    os.execv(python, [str(python), *sys.argv])


def send_all(bootstrap, topic, records, compression="none"):
    """Sends records, each a key, a value and a list of headers, in their order. Returns their offsets.

    compression: with one, records may be sent that are far larger than the topic takes, as long as they are not packed.
    """
    from confluent_kafka import Producer

    producer = Producer(
        {
            "bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5, "compression.type": compression,
            "message.max.bytes": 4_000_000 if compression == "none" else 100_000_000,
        }
    )
    offsets = [None] * len(records)
    errors = []

    def told(number):
        def delivered(error, message):
            if error is not None:
                errors.append(f"record {number}: {error}")
            else:
                offsets[number] = message.offset()

        return delivered

    for number, (key, value, headers) in enumerate(records):
        while True:
            try:
                producer.produce(topic, key=key, value=value, headers=headers, on_delivery=told(number))
                break
            except BufferError:
                producer.poll(1)
        producer.poll(0)
    left = producer.flush(60)
    if left:
        raise RuntimeError(f"{left} of {len(records)} records were not sent within 60 s")
    if errors:
        raise RuntimeError("; ".join(errors[:5]))
    return offsets


def read_all(bootstrap, topic):
    """All records of a topic's one partition: offset, key, value, headers."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "reads-only", "enable.auto.commit": False, "fetch.message.max.bytes": 8_000_000}
    )
    partition = TopicPartition(topic, 0)
    start, end = consumer.get_watermark_offsets(partition, timeout=20)
    partition.offset = start
    consumer.assign([partition])
    records = []
    while start < end and (not records or records[-1][0] + 1 < end):
        message = consumer.poll(20)
        if message is None:
            raise RuntimeError(f"{topic} gives no more records after {len(records)} of {end - start}")
        if message.error():
            raise RuntimeError(f"{topic}: {message.error()}")
        records.append((message.offset(), message.key(), message.value(), message.headers() or []))
    consumer.close()
    return records
