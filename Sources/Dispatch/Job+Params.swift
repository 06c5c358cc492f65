extension Job {
  /// Checks a request's params against the declared ones and fills in the defaults.
  /// - Returns: the complete params, or one sentence for everything that is wrong with them.
  public func resolve(_ params: [String: JSONValue]) -> Result<[String: JSONValue], ParameterProblem> {
    var complete: [String: JSONValue] = [:]
    var problems: [String] = []
    for parameter in parameters {
      guard let value = params[parameter.name] ?? parameter.defaultValue else {
        if parameter.isRequired { problems.append("param '\(parameter.name)' is required and missing") }
        continue
      }
      guard let value = parameter.type.accept(value) else {
        problems.append(
          "param '\(parameter.name)' must be \(parameter.type.wording), not \(value.jsonText.prefix(80))")
        continue
      }
      if !parameter.allowed.isEmpty, !parameter.allowed.contains(value) {
        let allowed = parameter.allowed.map(\.jsonText).joined(separator: ", ")
        problems.append("param '\(parameter.name)' must be one of \(allowed), not \(value.jsonText.prefix(80))")
        continue
      }
      complete[parameter.name] = value
    }
    let known = Set(parameters.map(\.name))
    for name in params.keys.sorted() where !known.contains(name) {
      let declared = parameters.isEmpty ? "none" : parameters.map(\.name).joined(separator: ", ")
      problems.append("param '\(name.prefix(80))' is not one of job '\(self.name)' (it has: \(declared))")
    }
    return problems.isEmpty ? .success(complete) : .failure(ParameterProblem(message: problems.joined(separator: "; ")))
  }

  /// What is wrong with a request's params.
  public struct ParameterProblem: Error, Sendable, Hashable {
    public var message: String
  }

  /// Two requests with the same key ask for the same work. One that nothing follows on is no twin of one that something
  /// does: covered by it, the other would lose what follows. Long params are represented by two independent 64-bit hashes.
  static func twinKey(job: String, params: [String: JSONValue], asksForFollowers: Bool) -> String {
    // No name of a job has a blank.
    let job = asksForFollowers ? job : job + " alone"
    let text = JSONValue.object(params).jsonText
    if text.utf8.count <= 512 { return job + " " + text }
    var first: UInt64 = 0xcbf2_9ce4_8422_2325
    var second: UInt64 = 0x9e37_79b9_7f4a_7c15
    for byte in text.utf8 {
      first = (first ^ UInt64(byte)) &* 0x100_0000_01b3
      second = (second &+ UInt64(byte) &+ 1) &* 0xbf58_476d_1ce4_e5b9
      second ^= second >> 29
    }
    return job + " " + String(first, radix: 16) + "-" + String(second, radix: 16) + "-" + String(text.utf8.count)
  }
}

extension Job.ParameterType {
  /// The value in this type, or nil if it does not fit. A whole number is accepted where a number is asked for.
  public func accept(_ value: JSONValue) -> JSONValue? {
    switch (self, value) {
    case (.string, .string), (.integer, .integer), (.number, .number), (.boolean, .boolean): value
    case (.number, .integer(let whole)): .number(Double(whole))
    case (.date, .string(let text)): Timestamp.isDate(text) ? value : nil
    case (.timestamp, .string(let text)): Timestamp(rfc3339: text) == nil ? nil : value
    default: nil
    }
  }

  /// Reads a value as it is typed on a command line.
  public func parse(_ text: String) -> JSONValue? {
    switch self {
    case .string, .date, .timestamp: accept(.string(text))
    case .integer: Int64(text).map(JSONValue.integer)
    case .number: Double(text).flatMap { $0.isFinite ? .number($0) : nil }
    case .boolean: text == "true" ? .boolean(true) : text == "false" ? .boolean(false) : nil
    }
  }

  /// The type as an error message names it.
  public var wording: String {
    switch self {
    case .string: "a string"
    case .integer: "a whole number"
    case .number: "a number"
    case .boolean: "true or false"
    case .date: "a date such as \"2026-11-24\""
    case .timestamp: "a time such as \"2026-11-24T01:29:00Z\""
    }
  }
}
