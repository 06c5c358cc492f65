/// Label names and values, in the order of the names: two writings of the same labels are one series.
struct MetricLabels: Hashable, Sendable, Comparable {
  let names: [String]
  let values: [String]

  init(_ labels: KeyValuePairs<String, String>) {
    let sorted = labels.sorted { $0.key < $1.key }
    names = sorted.map(\.key)
    values = sorted.map(\.value)
  }

  static func < (a: MetricLabels, b: MetricLabels) -> Bool { a.values.lexicographicallyPrecedes(b.values) }

  /// `{queue="nightly"}`, or nothing when there is no label; `extra` comes last (a histogram's `le`).
  func text(extra: (name: String, value: String)? = nil) -> String {
    var parts = zip(names, values).map { name, value in name + "=\"" + MetricLabels.escape(value) + "\"" }
    if let extra { parts.append(extra.name + "=\"" + extra.value + "\"") }
    return parts.isEmpty ? "" : "{" + parts.joined(separator: ",") + "}"
  }

  private static func escape(_ value: String) -> String {
    var escaped = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

enum MetricSeries: Sendable {
  case counter(Counter)
  case gauge(Gauge)
  case histogram(Histogram)
}

/// All series of one name.
struct MetricFamily: Sendable {
  enum Kind: Equatable, Sendable {
    case counter, gauge
    case histogram([Double])

    var typeName: String {
      switch self {
      case .counter: "counter"
      case .gauge: "gauge"
      case .histogram: "histogram"
      }
    }
  }

  var kind: Kind
  var help: String
  var labelNames: [String]
  var series: [MetricLabels: MetricSeries]

  func append(name: String, to text: inout String) {
    guard !series.isEmpty else { return }
    text += "# HELP " + name + " " + escapedHelp + "\n# TYPE " + name + " " + kind.typeName + "\n"
    for (labels, metric) in series.sorted(by: { $0.key < $1.key }) {
      switch metric {
      case .counter(let counter):
        text += name + labels.text() + " " + MetricFamily.number(counter.value) + "\n"
      case .gauge(let gauge):
        text += name + labels.text() + " " + MetricFamily.number(gauge.value) + "\n"
      case .histogram(let histogram):
        append(histogram, name: name, labels: labels, to: &text)
      }
    }
  }

  private func append(_ histogram: Histogram, name: String, labels: MetricLabels, to text: inout String) {
    let reading = histogram.reading
    var total: UInt64 = 0
    for (bound, count) in zip(histogram.bounds + [.infinity], reading.counts) {
      total += count
      let labelText = labels.text(extra: ("le", MetricFamily.number(bound)))
      text += name + "_bucket" + labelText + " " + String(total) + "\n"
    }
    text += name + "_sum" + labels.text() + " " + MetricFamily.number(reading.sum) + "\n"
    text += name + "_count" + labels.text() + " " + String(total) + "\n"
  }

  private var escapedHelp: String {
    var escaped = ""
    for scalar in help.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  /// As Go's parser reads it; whole numbers without a fraction.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
    return value.description
  }
}
