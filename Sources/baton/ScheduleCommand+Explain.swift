import Dispatch
import Glibc
import Scheduling
import Terminal
import Worker

extension Command {
  static let scheduleExplain = Command(
    "explain", summary: "say in words when a cron expression or an interval is due",
    options: [
      Option("zone", short: "z", value: "ZONE", help: "whose clocks it goes by: Europe/London", defaultValue: "UTC"),
      Option("from", value: "TIME", help: "the fires after this time: 2026-11-24T00:00:00Z", defaultText: "now"),
      SharedOption.json,
    ],
    arguments: [Argument("EXPR", help: "five or six fields, a name such as @daily, or as in 'every 15m'")],
    examples: [
      Example("baton schedule explain '29 1 * * MON-FRI' --zone Europe/London", "a nightly job"),
      Example("baton schedule explain 'every 15m'", "an interval"),
    ],
    exitCodes: [ExitCode(1, "the expression is refused; the message says where and why")],
    run: { arguments in
      let zone = try zone(arguments)
      let from = try arguments.moment("from") ?? .now
      let text = arguments.argument("EXPR")
      let timing: Timing
      switch read(text) {
      case .success(let read): timing = read
      case .failure(let error):
        guard arguments.flag("json") else { throw CommandError(error.message(under: text), remedy: error.remedy) }
        printJSON(error.facts(text), to: arguments.output)
        return ExitCode.failure
      }
      let fires = FireTimes(timing, zone: zone).fires(after: from.seconds, through: .max, limit: 5)
      if arguments.flag("json") {
        printJSON(
          .object([
            "expression": .string(text), "ok": .boolean(true), "words": .string(timing.explanation),
            "zone": .string(zone.name),
            "fires": .array(
              fires.map {
                .object(["fire": .string("\(CivilTime(seconds: $0))Z"), "local": .string(zone.text(of: $0))])
              }),
          ]), to: arguments.output)
        return ExitCode.success
      }
      // An interval knows no clocks.
      let clocks = if case .cron = timing { ", by the clocks of \(zone.name)" } else { "" }
      arguments.output.line(timing.explanation + clocks)
      var table = Table([.init("UTC"), .init(zone.name), .init("IN")])
      for fire in fires {
        table.add([
          "\(CivilTime(seconds: fire))Z", zone.text(of: fire),
          formatRelative(milliseconds: fire * 1000, now: Timestamp.now.milliseconds),
        ])
      }
      table.write(to: arguments.output)
      return ExitCode.success
    })

  private static func zone(_ arguments: ParsedArguments) throws -> TimeZoneRules {
    do {
      return try TimeZoneDirectory.system.rules(named: arguments.value("zone") ?? "UTC")
    } catch {
      throw arguments.usageError("--zone: \(error.reason)", remedy: error.remedy)
    }
  }

  private static func read(_ text: String) -> Result<Timing, TimingError> {
    let words = text.split(separator: " ")
    if words.count == 2, words[0] == "every" || words[0] == "every:" {
      do {
        return .success(.every(try Interval(String(words[1]))))
      } catch {
        return .failure(TimingError(column: nil, reason: error.reason, remedy: error.remedy))
      }
    }
    do {
      return .success(.cron(try CronExpression(text)))
    } catch {
      return .failure(TimingError(column: error.column, reason: error.reason, remedy: error.remedy))
    }
  }

  /// Why an expression or an interval is refused.
  private struct TimingError: Error {
    /// In characters from 1; nil for an interval.
    var column: Int?
    var reason: String
    var remedy: String

    func facts(_ text: String) -> JSONValue {
      var facts: [String: JSONValue] = [
        "expression": .string(text), "ok": .boolean(false), "reason": .string(reason), "remedy": .string(remedy),
      ]
      if let column { facts["column"] = .integer(Int64(column)) }
      return .object(facts)
    }

    /// The reason, and below the expression a caret where the fault begins.
    func message(under text: String) -> String {
      guard let column else { return reason }
      let shown = String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
      let indent = displayWidth(String(shown.prefix(column - 1)))
      return "\(reason)\n  \(shown)\n  \(String(repeating: " ", count: indent))^"
    }
  }
}
