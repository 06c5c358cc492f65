/// Runners in Python that speak the chunk protocol; a test writes what follows this.
enum Script {
  /// - `cursor`: the number in the start's cursor, 0 at the beginning; `attempt`, `token`, `params` as given.
  /// - `chunk(cursor, rows)`: reports a chunk, waits for the answer, and leaves when that is `stop`.
  /// - `put(text)`: appends a line to the sink, which is a file beside the configuration.
  /// - `say(text)`: a line of the run's log, which the test can await.
  /// - `gate(name)`, `witness(name)`: see `Gate` and `Witness`.
  static let prelude = """
    import json, os, signal, subprocess, sys

    start = json.loads(sys.stdin.readline())
    attempt, token, params = start["attempt"], start["token"], start["params"]
    text_cursor = start.get("cursor")
    cursor = int((text_cursor or "0").split(":")[0])
    folder = os.path.dirname(os.path.abspath(sys.argv[0]))
    chunks = 0

    def say(text):
        print(text, file=sys.stderr, flush=True)

    def tell(**message):
        print(json.dumps(message), flush=True)

    def put(text):
        with open(os.path.join(folder, "sink"), "a") as sink:
            sink.write(str(text) + "\\n")

    def gate(name):
        with open(os.path.join(folder, name), "rb", buffering=0) as pipe:
            pipe.read(1)

    def witness(name):
        os.set_inheritable(os.open(os.path.join(folder, name), os.O_WRONLY), True)

    def chunk(cursor, rows=10):
        global chunks
        chunks += 1
        tell(type="chunk", chunk=chunks, cursor=str(cursor), rows=rows, bytes=rows)
        line = sys.stdin.readline()
        if not line or json.loads(line)["type"] == "stop":
            sys.exit(75)
        say(f"acknowledged {chunks} of attempt {attempt}")

    def die(number=signal.SIGKILL, pid=None):
        os.kill(pid or os.getpid(), number)

    def done(**facts):
        tell(type="done", facts=facts)


    """
}
