import Configuration
import Glibc
import Telemetry
import Terminal
import Worker

extension Command {
  static let worker = Command(
    "worker", summary: "run what the queues hold, until told to end",
    discussion: """
      Any number of workers may run, one per server; Kafka gives each queue to one of them. SIGTERM or SIGINT finishes \
      the chunk in hand, checkpoints, lets go of the queues and ends; a second one ends at once. A worker that \
      crashed and is started again at once under its name has its queues back without a rebalance. Each worker also \
      proposes the jobs that are due, unless `scheduler.in-workers` is false.
      """,
    options: [
      Option(
        "name", short: "n", value: "NAME", help: "the worker's name in the group; no two may have the same",
        defaultText: "worker.name in the configuration, else the host's name")
    ] + LogOptions.all + [
      Option(
        "trace", value: "FILE", help: "add a line for each step of a run: nanoseconds since the machine started, step",
        isHidden: true)
    ],
    examples: [Example("baton worker --name GREEN", "beside a second one named BLUE")],
    exitCodes: [
      ExitCode(78, "another worker of the same name took over; a supervisor must not restart this one"),
      ExitCode(130, "ended at once by a second signal"),
    ],
    run: { arguments in
      let context = try Context(arguments)
      let configuration = context.configuration
      let name = try processName(arguments, configuration)
      return try await runWorker(
        configuration, name: name, logger: LogOptions.logger("worker", arguments, configuration),
        trace: arguments.value("trace").map(traceFile))
    })

  /// Runs a worker, and a scheduler beside it, until a signal ends them.
  static func runWorker(
    _ configuration: Configuration, name: String, logger: Logger, trace: (@Sendable (WorkerStep) -> Void)? = nil
  ) async throws -> Int32 {
    let worker = try Worker(
      configuration: configuration, name: name, executable: Context.executable, environment: Context.environment,
      logger: logger, trace: trace)
    SignalWatch.start([SIGTERM, SIGINT]) { count in
      if count == 1 {
        worker.shutDown()
      } else {
        // What runs is killed by the guard; the run goes on elsewhere at its last checkpoint.
        _exit(130)
      }
    }
    // Not before the worker is up: one that cannot start is no scheduler that is alive.
    let scheduling = SchedulerBeside(configuration, name: name, logger: logger.with(component: "scheduler"))
    let end: Worker.End
    do {
      end = try await worker.run(onUp: scheduling.start)
    } catch {
      await scheduling.end(withdraws: true)
      throw error
    }
    switch end {
    case .shutDown:
      await scheduling.end(withdraws: true)
      return ExitCode.success
    case .fenced:
      // The record of this name is the other one's now.
      await scheduling.end(withdraws: false)
      return 78
    }
  }

  /// The name of a worker or a scheduler: the one that was asked for, else the configuration's, else the host's.
  static func processName(_ arguments: ParsedArguments, _ configuration: Configuration) throws -> String {
    let asked = arguments.value("name")
    let name = asked ?? configuration.worker.name ?? Context.hostName
    let isSound =
      (1...200).contains(name.unicodeScalars.count) && printable(name) == name
      && !name.unicodeScalars.contains("\u{FFFD}") && name.contains { !$0.isWhitespace }
    guard !isSound else { return name }
    let message = "'\(printable(name))' is no name: it must have 1 to 200 printable characters"
    guard asked == nil else { throw arguments.usageError("--name: \(message)", remedy: "give it as in --name GREEN") }
    throw CommandError(
      message, remedy: "Give one with --name, or under worker.name in \(configuration.file).", exitCode: 4)
  }

  /// A trace that adds lines to a file; each is one write, so that steps of several threads do not mix.
  private static func traceFile(_ path: String) throws -> @Sendable (WorkerStep) -> Void {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw CommandError("cannot write \(path): \(String(cString: strerror(errno)))")
    }
    return { step in
      var now = timespec()
      clock_gettime(CLOCK_MONOTONIC, &now)
      let line = Array("\(now.tv_sec * 1_000_000_000 + now.tv_nsec) \(step.rawValue)\n".utf8)
      // A trace that cannot be written is no reason to stop.
      _ = write(descriptor, line, line.count)
    }
  }
}
