import Synchronization

/// A registry of counters, gauges and histograms, shown in Prometheus' text format.
///
/// Asking again for the same name and labels gives the same metric, so callers need not share it by hand; still, keep
/// what is returned where increments are frequent: finding it takes a lock, incrementing it does not. Asking for a
/// known name with another type, other label names or other buckets is a programmer's error and traps.
public final class Metrics: Sendable {
  /// The `Content-Type` of `prometheusText()`.
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private let families = Mutex<[String: MetricFamily]>([:])

  /// An empty registry.
  public init() {}

  /// A count that only grows. By convention its name ends in `_total`.
  /// - Parameter labels: names and values, such as `["queue": "nightly"]`; every value is a series of its own.
  public func counter(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Counter {
    let series = series(name, help: help, labels: labels, kind: .counter) { .counter(Counter()) }
    guard case .counter(let counter) = series else { preconditionFailure("\(name) is not a counter") }
    return counter
  }

  /// A value that goes up and down.
  public func gauge(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Gauge {
    let series = series(name, help: help, labels: labels, kind: .gauge) { .gauge(Gauge()) }
    guard case .gauge(let gauge) = series else { preconditionFailure("\(name) is not a gauge") }
    return gauge
  }

  /// A distribution.
  /// - Parameter buckets: upper bounds, rising; `+Inf` is added.
  public func histogram(
    _ name: String, help: String, labels: KeyValuePairs<String, String> = [:],
    buckets: [Double] = Histogram.secondsBuckets
  ) -> Histogram {
    precondition(
      zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 } && buckets.allSatisfy(\.isFinite),
      "\(name): buckets must be finite and rise")
    let series = series(name, help: help, labels: labels, kind: .histogram(buckets)) {
      .histogram(Histogram(bounds: buckets))
    }
    guard case .histogram(let histogram) = series else { preconditionFailure("\(name) is not a histogram") }
    return histogram
  }

  /// Forgets one series: for labels whose subject this process no longer has, such as a queue that moved on.
  public func remove(_ name: String, labels: KeyValuePairs<String, String> = [:]) {
    let labels = MetricLabels(labels)
    families.withLock { families in
      _ = families[name]?.series.removeValue(forKey: labels)
    }
  }

  /// All metrics in text format 0.0.4, in the order of their names and labels.
  public func prometheusText() -> String {
    let families = families.withLock { $0 }
    var text = ""
    for (name, family) in families.sorted(by: { $0.key < $1.key }) {
      family.append(name: name, to: &text)
    }
    return text
  }

  private func series(
    _ name: String, help: String, labels: KeyValuePairs<String, String>, kind: MetricFamily.Kind,
    make: () -> MetricSeries
  ) -> MetricSeries {
    precondition(isMetricName(name), "\"\(name)\" is not a metric name")
    let labels = MetricLabels(labels)
    for label in labels.names {
      precondition(isLabelName(label), "\(name): \"\(label)\" is not a label name")
    }
    if case .histogram = kind { precondition(!labels.names.contains("le"), "\(name): the label le is reserved") }
    precondition(Set(labels.names).count == labels.names.count, "\(name): a label is given twice")
    return families.withLock { families in
      var family = families[name] ?? MetricFamily(kind: kind, help: help, labelNames: labels.names, series: [:])
      precondition(
        family.kind == kind, "\(name) is registered as \(family.kind.typeName), with its buckets, and nothing else")
      precondition(
        family.labelNames == labels.names,
        "\(name) is registered with the labels \(family.labelNames), not \(labels.names)")
      if let known = family.series[labels] { return known }
      let made = make()
      family.series[labels] = made
      families[name] = family
      return made
    }
  }

  private func isMetricName(_ name: String) -> Bool {
    isLabelName(name.replacing(":", with: "_"))
  }

  private func isLabelName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    guard !name.hasPrefix("__") else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
  }
}
