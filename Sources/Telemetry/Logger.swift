/// Writes log lines of one component, each with its fields. A value: copies are cheap, and share the output.
public struct Logger: Sendable {
  /// What the lines are about: `worker`, `kafka`.
  public let component: String
  private let threshold: LogLevel?
  private let format: LogFormat
  private let output: LogOutput
  private let clock: @Sendable () -> Int64
  private let context: [LogField]

  /// - Parameters:
  ///   - level: lines below it are dropped, and their messages never built.
  ///   - clock: milliseconds since 1970-01-01T00:00:00Z.
  public init(
    _ component: String, level: LogLevel = .info, format: LogFormat = .text, output: LogOutput = .standardError,
    clock: @escaping @Sendable () -> Int64 = WallClock.milliseconds
  ) {
    self.init(
      component: component, threshold: level, format: format, output: output, clock: clock, context: [])
  }

  private init(
    component: String, threshold: LogLevel?, format: LogFormat, output: LogOutput,
    clock: @escaping @Sendable () -> Int64, context: [LogField]
  ) {
    self.component = component
    self.threshold = threshold
    self.format = format
    self.output = output
    self.clock = clock
    self.context = context
  }

  /// A logger that writes nothing at all.
  public static let discarding = Logger(
    component: "", threshold: nil, format: .text, output: LogOutput { _ in }, clock: { 0 }, context: [])

  /// The same logger under another component's name.
  public func with(component: String) -> Logger {
    Logger(
      component: component, threshold: threshold, format: format, output: output, clock: clock, context: context)
  }

  /// The same logger with fields that every line will carry; a field of the same name is replaced.
  public func with(_ fields: KeyValuePairs<String, String>) -> Logger {
    Logger(
      component: component, threshold: threshold, format: format, output: output, clock: clock,
      context: context.merging(fields))
  }

  /// Whether a line of this level would be written: for work that only a log line needs.
  public func isEnabled(_ level: LogLevel) -> Bool {
    guard let threshold else { return false }
    return level >= threshold
  }

  /// For those who look for a fault.
  public func debug(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    log(.debug, message(), fields)
  }

  /// What happened, in the normal course of things.
  public func info(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    log(.info, message(), fields)
  }

  /// Something that was survived, and that someone should know of.
  public func warning(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    log(.warning, message(), fields)
  }

  /// Something that needs someone to act.
  public func error(_ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]) {
    log(.error, message(), fields)
  }

  /// Writes a line of a level that is only known at run time, such as one passed on from a library.
  public func log(
    _ level: LogLevel, _ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]
  ) {
    guard isEnabled(level) else { return }
    let line = LogLine(
      milliseconds: clock(), level: level, component: component, message: message(),
      fields: context.merging(fields))
    switch format {
    case .text: output.write(line: line.text)
    case .json: output.write(line: line.json)
    }
  }
}
