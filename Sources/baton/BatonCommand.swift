import Terminal

extension Command {
  static let version = "0.1.0"

  /// The whole tool. Each subcommand has a file of its own.
  static let baton = Command(
    "baton", summary: "run each sync request exactly once, in order, chunk by chunk",
    discussion: """
      Baton dispatches data-sync jobs over an Apache Kafka log. Every request, scheduled or manual, goes through one \
      single-partition topic; one consumer group reads it; so exactly one worker, on whichever server, runs it. The \
      offset is committed only when the run is complete, and a run that is interrupted goes on at its last checkpoint.

      Start with `baton init`, `baton dev`, and in a second terminal `baton enqueue hello --wait`.
      """,
    options: [
      Option(
        "config", short: "c", value: "FILE", help: "the configuration",
        defaultText: "baton.yaml here, else /etc/baton/baton.yaml", completion: .file),
      Option(
        "timeout", value: "TIME", help: "how long a command waits for an answer from Kafka: 5s, 1m", defaultValue: "15s"
      ),
    ],
    subcommands: [
      .initialize, .check, .topics, .worker, .scheduler, .schedule, .enqueue, .runs, .show, .follow, .status, .lag,
      .cancel, .skip, .pause, .resume, .retry, .rerun, .dead, .audit, .dev, .demo, .completions(of: "baton"),
      .manual(of: "baton"), .sync,
      .broker, .processGuard, .names,
    ],
    exitCodes: [
      ExitCode(3, "Kafka could not be reached, refused, or lacks a topic"), ExitCode(4, "the configuration has errors"),
    ],
    version: "baton " + version)
}

/// Options that several commands share.
enum SharedOption {
  static let param = Option(
    "param", short: "p", value: "KEY=VALUE", help: "a param of the job; checked before anything is sent", repeats: true)
  static let json = Option("json", help: "print facts as JSON, for programs")
  static let queue = Option(
    "queue", short: "q", value: "QUEUE", help: "only this queue", completion: .command("names queues"))
  static let reason = Option("reason", value: "TEXT", help: "why; it is shown wherever the order is")
}
