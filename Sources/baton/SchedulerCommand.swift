import Configuration
import Glibc
import KafkaLog
import Scheduler
import Telemetry
import Terminal
import Worker

extension Command {
  static let scheduler = Command(
    "scheduler", summary: "propose the jobs that are due, until told to end",
    discussion: """
      Each worker does so by itself unless `scheduler.in-workers` is false; this command is for servers that have no \
      worker. Any number may run: they propose the same fires under the same ids, and the log keeps the first of each.
      """,
    options: [
      Option(
        "name", short: "n", value: "NAME", help: "what requests and log lines call this scheduler",
        defaultText: "worker.name in the configuration, else the host's name")
    ] + LogOptions.all,
    examples: [Example("baton scheduler --name CRON", "beside workers with scheduler.in-workers: false")],
    exitCodes: [ExitCode(130, "ended at once by a second signal")],
    run: { arguments in
      let context = try Context(arguments)
      let configuration = context.configuration
      let name = try processName(arguments, configuration)
      guard configuration.hasSchedules else {
        throw CommandError(
          "no job in \(configuration.file) has a schedule", remedy: "Give one a 'schedule' or an 'every'.")
      }
      let logger = LogOptions.logger("scheduler", arguments, configuration)
      try await context.withReader { try await TopicCheck(configuration: configuration).run(reader: $0) }
      let scheduler = try Scheduler(configuration: configuration, name: name, logger: logger)
      SignalWatch.start([SIGTERM, SIGINT]) { count in
        if count == 1 { scheduler.shutDown() } else { _exit(130) }
      }
      try await scheduler.run()
      return ExitCode.success
    })
}

/// What is logged, and how: of the commands that go on until they are told to end.
enum LogOptions {
  static let all = [
    Option(
      "log-level", value: "LEVEL", help: "the least of what is logged", defaultText: "worker.log.level",
      completion: .values(LogLevel.allCases.map(\.name))),
    Option(
      "log-format", value: "FORMAT", help: "how it is logged", defaultText: "worker.log.format",
      completion: .values(LogFormat.allCases.map(\.rawValue))),
  ]

  static func logger(_ component: String, _ arguments: ParsedArguments, _ configuration: Configuration) -> Logger {
    let level =
      arguments.value("log-level").flatMap { LogLevel(name: $0) }
      ?? LogLevel(name: configuration.worker.log.level.rawValue) ?? .info
    let format =
      arguments.value("log-format").flatMap { LogFormat(rawValue: $0) }
      ?? LogFormat(rawValue: configuration.worker.log.format.rawValue) ?? .text
    return Logger(component, level: level, format: format)
  }
}
