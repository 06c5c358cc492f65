import Dispatch

extension ConfigurationReader {
  /// The params of a job.
  struct Parameters {
    /// All that are named, those with a wrong definition included: a use of them is no second error.
    var names: [String] = []
    var definitions: [Job.Parameter] = []
  }

  func parameters(_ node: YAMLNode, _ job: String) -> Parameters {
    var result = Parameters()
    for entry in entries(node, "'params' in \(job)") ?? [] {
      let title = "param '\(entry.key)' of \(job)"
      result.names.append(entry.key)
      guard Name.isIdentifier(entry.key) else {
        report(
          entry.mark, "\(title) is no name for a param",
          "use at most \(Name.maximumLength) letters, digits and '_', with no digit first")
        continue
      }
      if let definition = parameter(entry, title) { result.definitions.append(definition) }
    }
    return result
  }

  private func parameter(_ entry: YAMLEntry, _ title: String) -> Job.Parameter? {
    if case .scalar = entry.value.content, !entry.value.isNull {
      return choice(entry.value, title).map { Job.Parameter(name: entry.key, type: $0) }
    }
    let keys = ["type", "required", "default", "allowed"]
    guard let section = section(entry.value, title, at: entry.mark, keys: keys) else { return nil }
    let type: Job.ParameterType? =
      section.entry("type") == nil ? .string : value("type", of: section) { choice($0, $1) }
    guard let type else { return nil }
    var parameter = Job.Parameter(name: entry.key, type: type)
    parameter.isRequired = value("required", of: section) { boolean($0, $1) } ?? false
    parameter.defaultValue = value("default", of: section) { json($0, $1, type) }
    let items = value("allowed", of: section) { self.items($0, $1, example: "[first, second]") }
    if let items, items.isEmpty, let mark = section.entry("allowed")?.value.mark {
      report(mark, "'allowed' in \(title) has no value", "list the values, or remove the key")
    }
    var isComplete = true
    for item in items ?? [] {
      guard let value = json(item, "an item of 'allowed' in \(title)", type) else {
        isComplete = false
        continue
      }
      if parameter.allowed.contains(value) {
        report(item.mark, "a value is twice in 'allowed' in \(title)", "remove one of them")
      }
      parameter.allowed.append(value)
    }
    check(parameter, section, isComplete: isComplete)
    return parameter
  }

  private func check(_ parameter: Job.Parameter, _ section: Section, isComplete: Bool) {
    guard let value = parameter.defaultValue, let entry = section.entry("default") else { return }
    if parameter.isRequired {
      report(entry.mark, "\(section.title) is required and has a default", "remove 'required' or 'default'")
    }
    if isComplete, !parameter.allowed.isEmpty, !parameter.allowed.contains(value) {
      report(
        entry.value.mark, "the default of \(section.title) is not among its allowed values",
        "use one of them, or add it to 'allowed'")
    }
  }

  /// A value of a param's type, as requests carry it.
  private func json(_ node: YAMLNode, _ label: String, _ type: Job.ParameterType) -> JSONValue? {
    switch type {
    case .string:
      if case .scalar(let scalar) = node.content, scalar.isQuoted, scalar.text.isEmpty { return .string("") }
      return string(node, label).map { .string($0) }
    case .integer: return integer(node, label, in: Int.min...Int.max).map { .integer(Int64($0)) }
    case .number:
      // As `accept` makes of what a request carries, whole or not: the two are compared.
      return number(node, label, minimum: -.greatestFiniteMagnitude).map { .number($0) }
    case .boolean: return boolean(node, label).map { .boolean($0) }
    case .date:
      guard let text = string(node, label) else { return nil }
      if Timestamp.isDate(text) { return .string(text) }
      report(node.mark, "\(label) is no date", "write one that exists as YYYY-MM-DD: 2026-11-24")
      return nil
    case .timestamp:
      guard let text = string(node, label) else { return nil }
      if Timestamp(rfc3339: text) != nil { return .string(text) }
      report(node.mark, "\(label) is no timestamp", "write it as in RFC 3339: 2026-11-24T01:29:00Z")
      return nil
    }
  }
}
