import Dispatch
import Testing

@Suite("Params of a request")
struct JobParameterTests {
  private func resolve(_ parameter: Job.Parameter, _ params: [String: JSONValue]) -> [String: JSONValue]? {
    try? Job(name: "j", queue: "q", parameters: [parameter]).resolve(params).get()
  }

  struct Fit: Sendable, CustomTestStringConvertible {
    var type: Job.ParameterType
    var value: JSONValue
    var taken: JSONValue?
    var testDescription: String { "\(type) of \(value.jsonText)" }
  }

  static let fits: [Fit] =
    [
      (.string, .string(""), true), (.string, .string("ä"), true), (.string, .integer(1), false),
      (.integer, .integer(.min), true), (.integer, .number(1.5), false), (.integer, .string("1"), false),
      (.number, .number(1.5), true), (.number, .string("1.5"), false), (.number, .boolean(true), false),
      (.boolean, .boolean(false), true), (.boolean, .integer(0), false), (.boolean, .string("true"), false),
      (.date, .string("2024-02-29"), true), (.date, .string("2023-02-29"), false), (.date, .integer(20_240_229), false),
      (.date, .string("2024-02-29T00:00:00Z"), false), (.timestamp, .string("2026-11-24T01:29:00+02:00"), true),
      (.timestamp, .string("2026-11-24"), false), (.timestamp, .integer(0), false),
    ].map { (type: Job.ParameterType, value: JSONValue, isTaken: Bool) in
      Fit(type: type, value: value, taken: isTaken ? value : nil)
    } + [Fit(type: .number, value: .integer(3), taken: .number(3))]
    + Job.ParameterType.allCases.flatMap { type in
      [JSONValue.null, .array([]), .object([:])].map { Fit(type: type, value: $0) }
    }

  @Test("each type takes its own values", arguments: fits)
  func type(_ fit: Fit) {
    #expect(fit.type.accept(fit.value) == fit.taken)
    #expect(
      resolve(.init(name: "p", type: fit.type), ["p": fit.value]) == fit.taken.map { ["p": $0] })
  }

  @Test("every type is in the table, with a value that it takes")
  func allTypes() {
    for type in Job.ParameterType.allCases {
      #expect(Self.fits.contains { $0.type == type && $0.taken != nil })
      #expect(!type.wording.isEmpty)
    }
  }

  @Test("defaults fill in what is not given")
  func defaults() {
    let parameter = Job.Parameter(name: "p", type: .number, defaultValue: .integer(2))
    #expect(resolve(parameter, [:]) == ["p": .number(2)])
    #expect(resolve(parameter, ["p": .number(0.5)]) == ["p": .number(0.5)])
    #expect(resolve(parameter, ["p": .null]) == nil, "null is a value, and no number")
    #expect(resolve(.init(name: "p", type: .string), [:]) == [:], "neither required nor given")
  }

  @Test("only the allowed values, if there are any")
  func allowed() {
    let parameter = Job.Parameter(
      name: "p", type: .string, isRequired: true, allowed: [.string("a"), .string("b")])
    #expect(resolve(parameter, ["p": .string("b")]) == ["p": .string("b")])
    #expect(resolve(parameter, ["p": .string("c")]) == nil && resolve(parameter, [:]) == nil)
  }

  @Test("everything that is wrong is said, in one sentence")
  func problems() {
    let job = Job(
      name: "person-search", queue: "q",
      parameters: [
        .init(name: "mode", type: .string, allowed: [.string("full"), .string("delta")]),
        .init(name: "limit", type: .integer), .init(name: "since", type: .date, isRequired: true),
      ])
    guard
      case .failure(let problem) = job.resolve([
        "mode": .string("fast"), "limit": .string(String(repeating: "9", count: 5_000)), "zeal": .null, "color": .null,
      ])
    else {
      Issue.record("it was taken")
      return
    }
    for words in [
      #"'mode' must be one of "full", "delta", not "fast""#, "'limit' must be a whole number", "'since' is required",
      "'color' is not one of job 'person-search' (it has: mode, limit, since)", "'zeal' is not one of",
    ] { #expect(problem.message.contains(words), "\(problem.message)") }
    #expect(problem.message.utf8.count < 700)
    guard case .failure(let none) = Job(name: "j", queue: "q").resolve(["x": .null]) else {
      Issue.record("it was taken")
      return
    }
    #expect(none.message.contains("it has: none"))
  }

  @Test("what is typed on a command line is read by its type")
  func parse() {
    let table: [(Job.ParameterType, String, JSONValue?)] = [
      (.string, "", .string("")), (.string, "true", .string("true")), (.integer, "-7", .integer(-7)),
      (.integer, "9223372036854775807", .integer(.max)), (.integer, "9223372036854775808", nil), (.integer, "1.0", nil),
      (.integer, "", nil), (.integer, " 1", nil), (.number, "1e3", .number(1_000)), (.number, "2", .number(2)),
      (.number, "nan", nil), (.number, "inf", nil), (.number, "1e999", nil), (.number, "x", nil),
      (.boolean, "true", .boolean(true)), (.boolean, "false", .boolean(false)), (.boolean, "yes", nil),
      (.boolean, "True", nil), (.date, "2026-11-24", .string("2026-11-24")), (.date, "2026-11-31", nil),
      (.timestamp, "2026-11-24T01:29:00Z", .string("2026-11-24T01:29:00Z")), (.timestamp, "now", nil),
    ]
    for (type, text, value) in table { #expect(type.parse(text) == value, "\(type) of '\(text)'") }
  }
}
