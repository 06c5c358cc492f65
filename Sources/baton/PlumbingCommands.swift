import Configuration
import RunnerProcess
import Terminal

extension Command {
  /// Kills the runners of a worker that died: see `ProcessGuard`.
  static let processGuard = Command(
    "process-guard", summary: "end the processes of a worker that died", isHidden: true,
    run: { _ in ProcessGuard.run(input: 0) })

  /// The words that shells complete with.
  static let names = Command(
    "names", summary: "print names for completion",
    arguments: [Argument("KIND", help: "what to list", completion: .values(["jobs", "queues", "all"]))], isHidden: true,
    run: { arguments in
      let configuration = try Context(arguments).configuration
      let names =
        switch arguments.argument("KIND") {
        case "jobs": configuration.jobOrder
        case "queues": configuration.queueOrder
        default: configuration.queueOrder + configuration.jobOrder
        }
      for name in names { arguments.output.line(name) }
      return ExitCode.success
    })
}
