import Dispatch
import Telemetry

/// What a worker counts.
struct WorkerMetrics: Sendable {
  private let metrics: Metrics

  init(_ metrics: Metrics) { self.metrics = metrics }

  func runnerEnded(queue: String, _ usage: AttemptRunner.Usage) {
    metrics.histogram(
      "baton_runner_seconds", help: "How long runner processes lived.", labels: ["queue": queue]
    ).observe(Double(usage.wallMilliseconds) / 1000)
    metrics.gauge(
      "baton_runner_peak_bytes", help: "Peak memory of the last runner process.", labels: ["queue": queue]
    ).set(Double(usage.peakMemoryBytes))
  }

  func note(_ machine: QueueMachine, queue: String) {
    let isRunning = if case .running = machine.state { true } else { false }
    metrics.gauge("baton_queue_running", help: "Whether a run is in hand.", labels: ["queue": queue])
      .set(isRunning ? 1 : 0)
  }
}
