/// How much a log line matters; a logger drops the lines below its own level.
public enum LogLevel: Int, Sendable, Comparable, CaseIterable {
  case debug, info, warning, error

  /// Reads a level from its name, whatever the case: `debug`, `info`, `warning` (or `warn`), `error`.
  /// - Returns: nil for any other text.
  public init?(name: String) {
    switch name.lowercased() {
    case "debug": self = .debug
    case "info": self = .info
    case "warning", "warn": self = .warning
    case "error": self = .error
    default: return nil
    }
  }

  /// The name as it is configured and as JSON lines carry it: `warning`.
  public var name: String {
    switch self {
    case .debug: "debug"
    case .info: "info"
    case .warning: "warning"
    case .error: "error"
    }
  }

  /// Five columns, so that text lines align.
  var column: String {
    switch self {
    case .debug: "DEBUG"
    case .info: "INFO "
    case .warning: "WARN "
    case .error: "ERROR"
    }
  }

  /// Orders by severity: `debug` is the least.
  public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}

/// The shape of a log line: for people, or for machines.
public enum LogFormat: String, Sendable, CaseIterable {
  case text, json
}
