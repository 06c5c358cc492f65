import Testing

@testable import Telemetry

@Suite struct MetricsTests {
  @Test func emptyRegistryIsEmptyText() {
    #expect(Metrics().prometheusText() == "")
  }

  @Test func textIsExactAndInAStableOrder() {
    let metrics = Metrics()
    metrics.gauge("baton_queue_lag", help: "Requests that wait.", labels: ["queue": "reports"]).set(3)
    metrics.gauge("baton_queue_lag", help: "Requests that wait.", labels: ["queue": "nightly"]).set(-1.5)
    metrics.counter("baton_runs_total", help: "Runs.", labels: ["queue": "nightly", "end": "succeeded"]).increment()
    metrics.counter("baton_runs_total", help: "Runs.", labels: ["end": "failed", "queue": "nightly"]).increment(by: 2)
    metrics.counter("a_total", help: "First.").increment()
    #expect(
      metrics.prometheusText() == """
        # HELP a_total First.
        # TYPE a_total counter
        a_total 1
        # HELP baton_queue_lag Requests that wait.
        # TYPE baton_queue_lag gauge
        baton_queue_lag{queue="nightly"} -1.5
        baton_queue_lag{queue="reports"} 3
        # HELP baton_runs_total Runs.
        # TYPE baton_runs_total counter
        baton_runs_total{end="failed",queue="nightly"} 2
        baton_runs_total{end="succeeded",queue="nightly"} 1

        """)
    #expect(metrics.prometheusText() == metrics.prometheusText())
  }

  @Test func labelValuesAndHelpAreEscaped() {
    let metrics = Metrics()
    metrics.gauge("g", help: "a \\ b\nc \"d\"", labels: ["v": "a \\ b\nc \"d\" {é}"]).set(1)
    #expect(
      metrics.prometheusText() == #"""
        # HELP g a \\ b\nc "d"
        # TYPE g gauge
        g{v="a \\ b\nc \"d\" {é}"} 1

        """#)
  }

  @Test func histogramIsCumulativeWithInfinitySumAndCount() {
    let metrics = Metrics()
    let histogram = metrics.histogram(
      "chunk_seconds", help: "Chunks.", labels: ["job": "p"], buckets: [0.5, 1, 10])
    // On a bound counts as at most it.
    for value in [0.25, 0.5, 0.75, 1, 5, 11, .infinity * -1] where value.isFinite { histogram.observe(value) }
    histogram.observe(.nan)
    #expect(
      metrics.prometheusText() == """
        # HELP chunk_seconds Chunks.
        # TYPE chunk_seconds histogram
        chunk_seconds_bucket{job="p",le="0.5"} 2
        chunk_seconds_bucket{job="p",le="1"} 4
        chunk_seconds_bucket{job="p",le="10"} 5
        chunk_seconds_bucket{job="p",le="+Inf"} 6
        chunk_seconds_sum{job="p"} 18.5
        chunk_seconds_count{job="p"} 6

        """)
  }

  @Test(
    arguments: [
      (0, "0"), (-0.0, "0"), (1, "1"), (1.5, "1.5"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
      (9_007_199_254_740_991, "9007199254740991"), (1e300, "1e+300"), (1e-7, "1e-07"), (123_456_789, "123456789"),
    ] as [(Double, String)])
  func numbersAreWrittenAsPrometheusReadsThem(value: Double, expected: String) {
    #expect(MetricFamily.number(value) == expected)
  }

  @Test func theSameNameAndLabelsIsTheSameMetric() {
    let metrics = Metrics()
    let first = metrics.counter("c_total", help: "h", labels: ["a": "1", "b": "2"])
    let second = metrics.counter("c_total", help: "h", labels: ["b": "2", "a": "1"])
    #expect(first === second)
    #expect(first !== metrics.counter("c_total", help: "h", labels: ["a": "2", "b": "1"]))
  }

  @Test func removedSeriesAreGoneAndTheirFamilyWithTheLast() {
    let metrics = Metrics()
    metrics.gauge("lag", help: "h", labels: ["queue": "a"]).set(1)
    metrics.gauge("lag", help: "h", labels: ["queue": "b"]).set(2)
    metrics.remove("lag", labels: ["queue": "a"])
    #expect(!metrics.prometheusText().contains("queue=\"a\""))
    #expect(metrics.prometheusText().contains("queue=\"b\""))
    metrics.remove("lag", labels: ["queue": "b"])
    metrics.remove("unknown")
    #expect(metrics.prometheusText() == "")
  }

  @Test func incrementsOfManyThreadsAreAllCounted() async {
    let metrics = Metrics()
    await withTaskGroup(of: Void.self) { group in
      for thread in 0..<8 {
        group.addTask {
          let counter = metrics.counter("c_total", help: "h")
          let gauge = metrics.gauge("g", help: "h")
          let histogram = metrics.histogram("s", help: "h", buckets: [0.5])
          for _ in 0..<2000 {
            counter.increment()
            gauge.add(thread.isMultiple(of: 2) ? 1 : -1)
            histogram.observe(1)
          }
        }
      }
    }
    let text = metrics.prometheusText()
    #expect(text.contains("\nc_total 16000\n"))
    #expect(text.contains("\ng 0\n"))
    #expect(text.contains("\ns_bucket{le=\"0.5\"} 0\n"))
    #expect(text.contains("\ns_sum 16000\ns_count 16000\n"))
  }

  @Test func anotherTypeTraps() async {
    await #expect(processExitsWith: .failure) {
      let metrics = Metrics()
      _ = metrics.counter("m", help: "h")
      _ = metrics.gauge("m", help: "h")
    }
  }

  @Test func otherLabelNamesTrap() async {
    await #expect(processExitsWith: .failure) {
      let metrics = Metrics()
      _ = metrics.counter("m", help: "h", labels: ["a": "1"])
      _ = metrics.counter("m", help: "h", labels: ["b": "1"])
    }
  }

  @Test func otherBucketsTrap() async {
    await #expect(processExitsWith: .failure) {
      let metrics = Metrics()
      _ = metrics.histogram("m", help: "h", buckets: [1, 2])
      _ = metrics.histogram("m", help: "h", buckets: [1, 3])
    }
  }

  @Test func badNamesTrap() async {
    await #expect(processExitsWith: .failure) { _ = Metrics().counter("0m", help: "h") }
    await #expect(processExitsWith: .failure) { _ = Metrics().counter("a-b", help: "h") }
    await #expect(processExitsWith: .failure) { _ = Metrics().counter("", help: "h") }
    await #expect(processExitsWith: .failure) { _ = Metrics().counter("m", help: "h", labels: ["a:b": ""]) }
    await #expect(processExitsWith: .failure) { _ = Metrics().histogram("m", help: "h", labels: ["le": ""]) }
    await #expect(processExitsWith: .failure) { _ = Metrics().counter("m", help: "h", labels: ["a": "", "a": ""]) }
    await #expect(processExitsWith: .failure) { _ = Metrics().histogram("m", help: "h", buckets: [2, 1]) }
    await #expect(processExitsWith: .failure) { Metrics().counter("m", help: "h").increment(by: -1) }
    await #expect(processExitsWith: .success) { _ = Metrics().counter("a:b_1", help: "h") }
  }
}
