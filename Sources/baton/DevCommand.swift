import Configuration
import Dispatch
import FoundationEssentials
import RunnerProcess
import Sync
import Telemetry
import Terminal
import Worker

extension Command {
  static let dev = Command(
    "dev", summary: "run a broker in memory and a worker in this terminal",
    discussion: """
      For trying out and for writing jobs: nothing to install, nothing is kept. Other terminals reach the broker \
      with the BATON_KAFKA that this prints. A sample database is made where the configuration names one that is missing.
      """,
    examples: [Example("baton init && baton dev", "a first look")],
    run: { arguments in
      let file = try Context.file(arguments.value("config"))
      var environment = Context.environment
      let first = try Configuration.load(file: file, environment: environment)
      let host = try ProcessHost(guardCommand: nil)
      let (broker, bootstrap) = try await startBroker(
        topics: TopicDeclaration.declarations(for: first).map(\.name), on: host)
      environment["BATON_KAFKA"] = bootstrap
      var configuration = try Configuration.load(file: file, environment: environment)
      let isNamed = configuration.kafka.bootstrap == bootstrap
      configuration.kafka.bootstrap = bootstrap
      // The embedded broker takes 3 s to arrange a new group, and would throw the member out before.
      configuration.worker.sessionTimeoutMilliseconds = max(6_000, configuration.worker.sessionTimeoutMilliseconds)
      let output = arguments.output
      try makeSamples(configuration, output)
      output.line("the broker is up; in other terminals:")
      output.line("")
      output.line("    export BATON_KAFKA=\(bootstrap)")
      if !isNamed {
        arguments.errors.line(
          "warning: \(file) does not ask for BATON_KAFKA: other terminals reach \(first.kafka.bootstrap), not this broker. "
            + "Write  bootstrap: \"${BATON_KAFKA:-\(first.kafka.bootstrap)}\"  there.")
      }
      if let job = configuration.jobOrder.first { output.line("    baton enqueue \(job) --wait") }
      output.line("")
      output.flush()
      let level = LogLevel(name: configuration.worker.log.level.rawValue) ?? .info
      let status = try await runWorker(configuration, name: "dev", logger: Logger("worker", level: level))
      broker.closeInput()
      await broker.end()
      await host.shutdown()
      return status
    })

  /// Makes the sample source and its empty sink where `init`'s configuration is used as it is.
  private static func makeSamples(_ configuration: Configuration, _ output: TerminalOutput) throws {
    guard case .sqlite(let source)? = configuration.connections["sample"],
      case .sqlite(let sink)? = configuration.connections["people"]
    else { return }
    if !FileManager.default.fileExists(atPath: source) {
      try SampleDatabase.makePersons(at: source, count: 20_000)
      output.line("made \(source) with 20,000 persons")
    }
    if !FileManager.default.fileExists(atPath: sink) { try SampleDatabase.makeEmptyPersons(at: sink) }
  }
}
