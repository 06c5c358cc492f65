/// One key and its value on a log line.
struct LogField: Sendable, Equatable {
  var key: String
  var value: String
}

extension [LogField] {
  /// Appends fields; one whose key is there already takes the earlier one's place, so that no key comes twice.
  func merging(_ fields: KeyValuePairs<String, String>) -> [LogField] {
    var merged = self
    for (key, value) in fields {
      if let index = merged.firstIndex(where: { $0.key == key }) {
        merged[index].value = value
      } else {
        merged.append(LogField(key: key, value: value))
      }
    }
    return merged
  }
}

/// What a line says, before it takes its shape.
struct LogLine {
  var milliseconds: Int64
  var level: LogLevel
  var component: String
  var message: String
  var fields: [LogField]

  /// `2026-11-24T01:29:00.123Z INFO  worker  run started  run=abc`
  var text: String {
    var line = WallClock.text(milliseconds: milliseconds) + " " + level.column + " "
    LogLine.appendEscaped(component, to: &line, quoting: false)
    line += "  "
    LogLine.appendEscaped(message, to: &line, quoting: false)
    for (index, field) in fields.enumerated() {
      line += index == 0 ? "  " : " "
      line += LogLine.textKey(field.key)
      line += "="
      if LogLine.needsQuotes(field.value) {
        line += "\""
        LogLine.appendEscaped(field.value, to: &line, quoting: true)
        line += "\""
      } else {
        line += field.value
      }
    }
    return line
  }

  /// `{"time":"…","level":"info","component":"worker","message":"run started","run":"abc"}`
  var json: String {
    var line = "{\"time\":\"" + WallClock.text(milliseconds: milliseconds) + "\",\"level\":\"" + level.name + "\""
    var taken: Set = ["time", "level", "component", "message"]
    LogLine.appendJSON(key: "component", value: component, to: &line)
    LogLine.appendJSON(key: "message", value: message, to: &line)
    for field in fields {
      // A field must not hide the line's own members: readers differ on which of two equal keys they take.
      var key = field.key
      while !taken.insert(key).inserted { key = "field_" + key }
      LogLine.appendJSON(key: key, value: field.value, to: &line)
    }
    return line + "}"
  }

  private static func needsQuotes(_ value: String) -> Bool {
    if value.isEmpty { return true }
    return value.unicodeScalars.contains { scalar in
      scalar == "\"" || scalar == "=" || scalar == "\\" || scalar.properties.isWhitespace || isUnsafe(scalar)
    }
  }

  private static func textKey(_ key: String) -> String {
    if key.isEmpty { return "_" }
    var text = ""
    for scalar in key.unicodeScalars {
      let isOdd = scalar == "=" || scalar == "\"" || scalar.properties.isWhitespace || isUnsafe(scalar)
      text.unicodeScalars.append(isOdd ? "_" : scalar)
    }
    return text
  }

  /// Characters that would break the line or command the terminal that shows it: controls, line separators, and
  /// those that change the direction of what follows.
  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }

  /// In the message, quotes and backslashes stand as they are, for people to read; in quoted values they are escaped.
  private static func appendEscaped(_ text: String, to line: inout String, quoting: Bool) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": line += "\\n"
      case "\r": line += "\\r"
      case "\t": line += "\\t"
      case "\"" where quoting: line += "\\\""
      case "\\" where quoting: line += "\\\\"
      case _ where isUnsafe(scalar): appendUnicodeEscape(scalar, to: &line)
      default: line.unicodeScalars.append(scalar)
      }
    }
  }

  private static func appendJSON(key: String, value: String, to line: inout String) {
    line += ",\""
    appendEscaped(key, to: &line, quoting: true)
    line += "\":\""
    appendEscaped(value, to: &line, quoting: true)
    line += "\""
  }

  /// `\u001b`; all unsafe characters are below U+10000, so one escape is enough.
  private static func appendUnicodeEscape(_ scalar: Unicode.Scalar, to line: inout String) {
    let digits = String(scalar.value, radix: 16)
    line += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
