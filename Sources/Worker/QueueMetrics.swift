import Dispatch
import Telemetry

/// What a worker counts of one queue. The instruments are looked up once: `note` is called for every input.
struct QueueMetrics: Sendable {
  private let runnerSeconds: Histogram
  private let runnerPeakBytes: Gauge
  private let isRunning: Gauge

  init(_ metrics: Metrics, queue: String) {
    runnerSeconds = metrics.histogram(
      "baton_runner_seconds", help: "How long runner processes lived.", labels: ["queue": queue])
    runnerPeakBytes = metrics.gauge(
      "baton_runner_peak_bytes", help: "Peak memory of the last runner process.", labels: ["queue": queue])
    isRunning = metrics.gauge("baton_queue_running", help: "Whether a run is in hand.", labels: ["queue": queue])
  }

  func runnerEnded(_ usage: AttemptRunner.Usage) {
    runnerSeconds.observe(Double(usage.wallMilliseconds) / 1000)
    runnerPeakBytes.set(Double(usage.peakMemoryBytes))
  }

  func note(_ machine: QueueMachine) {
    let value: Double = if case .running = machine.state { 1 } else { 0 }
    isRunning.set(value)
  }
}
