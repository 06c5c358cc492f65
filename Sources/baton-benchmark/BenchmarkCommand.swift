import Configuration
import FoundationEssentials
import Glibc
import RunnerProcess
import Terminal

extension Command {
  static let benchmark = Command(
    "baton-benchmark", summary: "measure failover, orders and dispatching on a real Kafka, beside a bare client",
    options: [
      Option("bootstrap", value: "HOST:PORT", help: "the cluster; topics of this call's own are made there"),
      Option("baton", value: "FILE", help: "the baton executable"),
      Option("probe", value: "FILE", help: "the program of scripts/benchmark-probe.c"),
      Option("repetitions", value: "COUNT", help: "of each fault", defaultValue: "15"),
      Option("lost", value: "COUNT", help: "of the fault that costs a session", defaultValue: "3"),
      Option(
        "requests", value: "COUNT", help: "pairs for the latency, and requests of a full queue", defaultValue: "1000"),
      Option(
        "only", value: "PART", help: "one part of it",
        completion: .values(["failover", "orders", "latency", "throughput"])),
      Option("keep", help: "keep the folder with logs and traces"),
    ],
    examples: [Example("scripts/benchmark", "builds, starts a Kafka, measures, and destroys it")],
    run: { arguments in
      guard let bootstrap = arguments.value("bootstrap"), let baton = arguments.value("baton"),
        let probe = arguments.value("probe")
      else { throw arguments.usageError("--bootstrap, --baton and --probe are needed") }
      var template = Array("/tmp/baton-benchmark-XXXXXX".utf8CString)
      guard mkdtemp(&template) != nil else { throw BenchmarkError("cannot make a folder in /tmp") }
      let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let bench = Bench(
        bootstrap: bootstrap, baton: baton, probe: probe, folder: folder,
        host: try ProcessHost(guardCommand: [baton, "process-guard"]),
        output: arguments.output)
      let report = Report(
        bench: bench, repetitions: try arguments.integer("repetitions", in: 1...1000) ?? 15,
        lost: try arguments.integer("lost", in: 0...1000) ?? 3,
        requests: try arguments.integer("requests", in: 20...100_000) ?? 1000, only: arguments.value("only"))
      defer {
        if arguments.flag("keep") {
          arguments.errors.line("kept: \(folder)")
        } else {
          try? FileManager.default.removeItem(atPath: folder)
        }
      }
      do {
        try await report.run()
      } catch {
        await bench.host.shutdown()
        throw error
      }
      await bench.host.shutdown()
      return ExitCode.success
    })
}
