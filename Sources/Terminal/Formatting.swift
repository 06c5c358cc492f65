/// A duration in its two largest units: `340 ms`, `4.2 s`, `1 min 5 s`, `1 h 12 min`, `2 d 3 h`.
public func formatDuration(milliseconds: Int64) -> String {
  if milliseconds < 0 {
    return "-" + formatDuration(milliseconds: milliseconds == .min ? .max : -milliseconds)
  }
  if milliseconds < 1000 { return "\(milliseconds) ms" }
  if milliseconds < 10_000 {
    let tenths = milliseconds / 100
    return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
  }
  let seconds = milliseconds / 1000
  func pair(_ unit: Int64, _ name: String, _ smaller: Int64, _ smallerName: String) -> String {
    let rest = seconds % unit / smaller
    return rest == 0 ? "\(seconds / unit) \(name)" : "\(seconds / unit) \(name) \(rest) \(smallerName)"
  }
  switch seconds {
  case ..<60: return "\(seconds) s"
  case ..<3600: return pair(60, "min", 1, "s")
  case ..<86_400: return pair(3600, "h", 60, "min")
  default: return pair(86_400, "d", 3600, "h")
  }
}

/// An amount of memory or disk in the units of 1024: `512 B`, `1.5 KiB`, `256 MiB`.
public func formatBytes(_ bytes: Int64) -> String {
  let sign = bytes < 0 ? "-" : ""
  let magnitude = bytes.magnitude
  if magnitude < 1024 { return "\(sign)\(magnitude) B" }
  var unit: UInt64 = 1024
  var names = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"][...]
  func whole() -> UInt64 { (magnitude + unit / 2) / unit }
  // What would round to 1024 of a unit is 1 of the next.
  while whole() >= 1024, names.count > 1 {
    unit *= 1024
    names.removeFirst()
  }
  let name = names.first ?? "EiB"
  let tenths = magnitude / unit * 10 + (magnitude % unit * 10 + unit / 2) / unit
  return tenths >= 1000 || tenths % 10 == 0
    ? "\(sign)\(whole()) \(name)" : "\(sign)\(tenths / 10).\(tenths % 10) \(name)"
}

/// A whole number with separators between the thousands: `1,000,000`.
public func formatCount(_ count: Int64) -> String {
  var text = ""
  for (index, digit) in String(count.magnitude).reversed().enumerated() {
    if index > 0, index % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return (count < 0 ? "-" : "") + String(text.reversed())
}

/// A moment as seen from another, in its largest unit: `just now`, `3 min ago`, `in 2 h`.
/// - Parameters: both in milliseconds on the same clock.
public func formatRelative(milliseconds moment: Int64, now: Int64) -> String {
  let (difference, overflows) = now.subtractingReportingOverflow(moment)
  let farthest = now > moment ? Int64.max : -Int64.max
  let seconds = (overflows ? farthest : difference) / 1000
  if seconds.magnitude < 1 { return "just now" }
  let amount: String
  switch seconds.magnitude {
  case ..<60: amount = "\(seconds.magnitude) s"
  case ..<3600: amount = "\(seconds.magnitude / 60) min"
  case ..<86_400: amount = "\(seconds.magnitude / 3600) h"
  default: amount = "\(seconds.magnitude / 86_400) d"
  }
  return seconds > 0 ? amount + " ago" : "in " + amount
}
