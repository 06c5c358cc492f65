/// How far something is: a value that can be drawn, without a clock or a terminal.
public struct Progress: Sendable {
  /// What it is about: `person-search`.
  public private(set) var label: String
  /// When it began to be about that.
  private var labelled: Int64
  /// What is counted: `rows`.
  public var unit: String
  /// How many there will be; nil when nobody knows.
  public var total: Int64?
  /// How many there are.
  public private(set) var count: Int64
  private var samples: [Sample]
  private let start: Sample

  private struct Sample {
    var milliseconds: Int64
    var count: Int64
  }

  /// The rate is that of the last ten seconds, so that it follows what happens.
  private static let windowMilliseconds: Int64 = 10_000
  private static let sampleEveryMilliseconds: Int64 = 200
  private static let spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]

  /// - Parameters:
  ///   - count: what is done already, such as by an earlier attempt; it does not count for the rate.
  ///   - now: milliseconds on any clock that does not go back.
  public init(_ label: String, unit: String = "", total: Int64? = nil, count: Int64 = 0, now: Int64) {
    self.label = label
    labelled = now
    self.unit = unit
    self.total = total
    self.count = count
    start = Sample(milliseconds: now, count: count)
    samples = [start]
  }

  /// It is about something else from now on.
  public mutating func relabel(_ label: String, now: Int64) {
    guard label != self.label else { return }
    self.label = label
    labelled = now
  }

  /// Takes note of a new count.
  public mutating func update(count: Int64, now: Int64) {
    self.count = count
    if count < samples[samples.count - 1].count { samples = [] }
    if let last = samples.last, now - last.milliseconds < Progress.sampleEveryMilliseconds, samples.count > 1 {
      samples[samples.count - 1].count = count
    } else {
      samples.append(Sample(milliseconds: now, count: count))
    }
    while samples.count > 2, now - samples[1].milliseconds >= Progress.windowMilliseconds { samples.removeFirst() }
  }

  /// How many a second, over the last ten seconds; nil before there is anything to go by.
  public func rate(now: Int64) -> Double? {
    guard let first = samples.first, now - first.milliseconds >= 500, count > first.count else { return nil }
    return Double(count - first.count) * 1000 / Double(now - first.milliseconds)
  }

  /// Milliseconds that are still to go at the present rate; nil when the total or the rate is not known.
  public func remainingMilliseconds(now: Int64) -> Int64? {
    guard let total, let rate = rate(now: now), rate > 0, total > count else { return nil }
    let milliseconds = Double(total - count) / rate * 1000
    return milliseconds < 1e15 ? Int64(milliseconds) : nil
  }

  /// One line of at most so many columns: label, bar and percent, count, rate, and time to go. Without a total, a
  /// spinner, how long it has had its label, and the count and the rate where there are any. The parts at the end are left
  /// out first, then the bar, where there is no room for them.
  public func render(width: Int, now: Int64) -> String {
    let name = singleLine(label)
    var details = [countText]
    if let rate = rate(now: now) { details.append(rateText(rate)) }
    if let remaining = remainingMilliseconds(now: now) {
      // Tenths of a second would flicker.
      let steady = remaining < 1000 ? "1 s" : formatDuration(milliseconds: remaining / 1000 * 1000)
      details.append(steady + " left")
    }
    guard let fraction else {
      let elapsed = max(0, now - start.milliseconds)
      let spinner = Progress.spinner[Int(elapsed / 100 % Int64(Progress.spinner.count))]
      if count == 0 { details = [] }
      // Tenths of a second would flicker.
      let seconds = max(0, now - labelled) / 1000
      let words = seconds < 60 ? "\(seconds) s" : formatDuration(milliseconds: seconds * 1000)
      if seconds > 0 { details.insert(words, at: 0) }
      return fit(spinner + " " + name, details, width)
    }
    let percent = padded("\(Int(fraction * 100))%", toWidth: 4, onTheLeft: true)
    let head = name.isEmpty ? percent : name + " " + percent
    // Room for a bar of ten columns at least, thirty at most.
    let room = width - displayWidth(head) - 3 - details.reduce(0) { $0 + displayWidth($1) + 2 }
    guard room >= 10 else { return fit(head, details, width) }
    let bar = Progress.bar(fraction: fraction, width: min(30, room))
    return fit((name.isEmpty ? "" : name + " ") + bar + " " + percent, details, width)
  }

  /// One line for the end: `person-search: 200,000 rows in 4.2 s`.
  public func summary(now: Int64) -> String {
    let elapsed = formatDuration(milliseconds: max(0, now - start.milliseconds))
    let amount = formatCount(count) + (unit.isEmpty ? "" : " " + unit)
    return (label.isEmpty ? "" : singleLine(label) + ": ") + amount + " in " + elapsed
  }

  /// Between 0 and 1; a total that turned out too small is full.
  private var fraction: Double? {
    guard let total, total > 0 else { return total == nil ? nil : 1 }
    return min(1, max(0, Double(count) / Double(total)))
  }

  private var countText: String {
    let amount = total.map { formatCount(count) + "/" + formatCount($0) } ?? formatCount(count)
    return unit.isEmpty ? amount : amount + " " + unit
  }

  private func rateText(_ rate: Double) -> String {
    guard rate < 1e15 else { return "" }
    if rate >= 10 { return formatCount(Int64(rate.rounded())) + "/s" }
    let tenths = Int64((rate * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)/s"
  }

  private func fit(_ head: String, _ details: [String], _ width: Int) -> String {
    var line = head
    for detail in details where displayWidth(line) + 2 + displayWidth(detail) <= width { line += "  " + detail }
    return truncated(line, toWidth: width)
  }

  private static func bar(fraction: Double, width: Int) -> String {
    let full = Int(fraction * Double(width))
    return "[" + String(repeating: "█", count: full) + String(repeating: "░", count: width - full) + "]"
  }
}
