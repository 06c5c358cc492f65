/// A scalar with its references replaced.
struct ExpandedText {
  var text: String
  /// As the file has it: what messages may show.
  var written: String
  var kind: YAMLScalar.Kind
  var hasReference: Bool
  var hasFile: Bool
}

extension ConfigurationReader {
  /// Any scalar but nothing, as it was written: numbers and words without quotes are fine where text is wanted.
  /// - Parameter params: what to do instead of `${params.name}`, which only a command's arguments may have.
  func text(
    _ node: YAMLNode, _ label: String, params: String = "params are known when a run starts: use them in 'run'"
  ) -> ExpandedText? {
    guard case .scalar(let scalar) = node.content, scalar.kind != .null else {
      if case .invalid = node.content { return nil }
      report(
        node.mark, "\(label) must be a string, not \(describe(node))",
        node.isNull ? "write '' for an empty one" : "write a string")
      return nil
    }
    let template = Template(scalar, at: node.mark, report: report)
    var result = ExpandedText(
      text: "", written: scalar.text, kind: scalar.kind, hasReference: false, hasFile: false)
    var isSound = template.isSound
    for (piece, mark) in template.pieces {
      if case .parameter(let name) = piece {
        report(mark, "\(label) has '${params.\(name)}'", params)
        isSound = false
        continue
      }
      guard let value = expand(piece, at: mark) else {
        isSound = false
        continue
      }
      result.text += value
      if case .literal = piece { continue }
      result.hasReference = true
      if case .file = piece { result.hasFile = true }
    }
    guard isSound else { return nil }
    if result.hasReference { result.kind = YAMLScalar.plainKind(result.text) }
    return result
  }

  /// What stands for a piece that is no param.
  func expand(_ piece: Template.Piece, at mark: Mark) -> String? {
    switch piece {
    case .literal(let text): return text
    case .parameter: return nil
    case .environment(let name, let fallback):
      let value = environment[name]
      if let fallback { return value.flatMap { $0.isEmpty ? nil : $0 } ?? fallback }
      if let value { return value }
      report(
        mark, "environment variable '\(name)' is not set",
        suggestion(
          for: name, among: environment.keys.filter { nearest(to: name, among: [$0]) != nil }.sorted(), known: "")
          ?? "set it, or give a default: '${\(name):-value}'")
      return nil
    case .file(let path):
      do {
        var text = try TextFile.read(Path.resolve(path, in: folder), limit: 1 << 20)
        if text.utf8.last == UInt8(ascii: "\n") { text.unicodeScalars.removeLast() }
        if text.utf8.last == UInt8(ascii: "\r") { text.unicodeScalars.removeLast() }
        guard !text.utf8.contains(0) else {
          report(mark, "file '\(path)' holds a zero byte", "keep plain text in it")
          return nil
        }
        return text
      } catch {
        report(
          mark, "file '\(path)' cannot be read: \(error.reason)", "put the value into that file, readable to this user")
        return nil
      }
    }
  }

  /// A string: in quotes, or a word that cannot be taken for anything else, or with references.
  func string(_ node: YAMLNode, _ label: String, params: String? = nil) -> String? {
    if case .scalar(let scalar) = node.content, scalar.kind != .string, !scalar.text.contains("${") {
      report(node.mark, "\(label) must be a string, not \(describe(node))", "put it in quotes")
      return nil
    }
    let text = params.map { self.text(node, label, params: $0) } ?? self.text(node, label)
    guard let text else { return nil }
    guard !text.text.isEmpty else {
      report(node.mark, "\(label) is empty", "give it a value, or remove the key")
      return nil
    }
    return text.text
  }

  /// A whole number. A reference is one if what it stands for is.
  func integer(_ node: YAMLNode, _ label: String, in range: ClosedRange<Int>) -> Int? {
    guard let text = typed(node, label, "a whole number, such as \(range.lowerBound)") else { return nil }
    let limits = range == Int.min...Int.max ? "" : " from \(range.lowerBound) to \(range.upperBound)"
    guard case .integer(let value) = text.kind else {
      report(
        node.mark, "\(label) must be a whole number, not '\(shown(text))'",
        isQuotedNumber(text) ? "remove the quotes" : "write a whole number\(limits)")
      return nil
    }
    guard range.contains(Int(value)) else {
      report(node.mark, "\(label) is \(shown(text))", "write a whole number\(limits)")
      return nil
    }
    return Int(value)
  }

  /// A number that is at least the minimum.
  func number(_ node: YAMLNode, _ label: String, minimum: Double) -> Double? {
    guard let text = typed(node, label, "a number, such as \(minimum)") else { return nil }
    let value: Double? =
      switch text.kind {
      case .integer(let value): Double(value)
      case .number(let value): value
      default: nil
      }
    guard let value else {
      report(
        node.mark, "\(label) must be a number, not '\(shown(text))'",
        isQuotedNumber(text) ? "remove the quotes" : "write a number")
      return nil
    }
    guard value >= minimum else {
      report(node.mark, "\(label) is \(shown(text))", "write a number that is at least \(minimum)")
      return nil
    }
    return value
  }

  /// `true` or `false`.
  func boolean(_ node: YAMLNode, _ label: String) -> Bool? {
    guard let text = typed(node, label, "true or false") else { return nil }
    if case .boolean(let value) = text.kind { return value }
    let isQuoted = text.kind == .string && YAMLScalar.plainKind(text.text) != .string
    report(
      node.mark, "\(label) must be true or false, not '\(shown(text))'",
      isQuoted ? "remove the quotes" : "write true or false")
    return nil
  }

  /// A duration in milliseconds.
  func duration(
    _ node: YAMLNode, _ label: String, minimum: Int64 = 1, maximum: Int64 = 10_000 * 86_400_000
  ) -> Int64? {
    let examples = "write a number and a unit: 500ms, 5s, 5m, 2h or 1d"
    guard let text = typed(node, label, "a duration, such as 5s") else { return nil }
    guard let value = Quantity.milliseconds(text.text) else {
      let lacksUnit = if case .integer = text.kind { true } else { false }
      report(
        node.mark, "\(label) must be a duration, not '\(shown(text))'" + (lacksUnit ? ", which has no unit" : ""),
        examples)
      return nil
    }
    guard value >= minimum, value <= maximum else {
      report(
        node.mark, "\(label) is \(shown(text))",
        "write from \(Quantity.duration(minimum)) to \(Quantity.duration(maximum))")
      return nil
    }
    return value
  }

  /// A size in bytes.
  func size(_ node: YAMLNode, _ label: String, minimum: Int64, maximum: Int64 = 1 << 50) -> Int? {
    guard let text = typed(node, label, "a size, such as 8MiB") else { return nil }
    guard let value = Quantity.bytes(text.text) else {
      report(
        node.mark, "\(label) must be a size, not '\(shown(text))'",
        "write a number and a unit: 8MiB, 256MB, 512KiB, or 1000 for bytes")
      return nil
    }
    guard value >= minimum, value <= maximum else {
      report(
        node.mark, "\(label) is \(shown(text))",
        "write from \(Quantity.size(minimum)) to \(Quantity.size(maximum)); a number without a unit is bytes")
      return nil
    }
    return Int(value)
  }

  /// One of the words that a type has.
  func choice<T: CaseIterable & RawRepresentable>(_ node: YAMLNode, _ label: String) -> T? where T.RawValue == String {
    let words = T.allCases.map(\.rawValue)
    guard let text = typed(node, label, "one of \(list(words))") else { return nil }
    if let value = T(rawValue: text.text) { return value }
    report(
      node.mark, "\(label) must be one of \(list(words)), not '\(shown(text))'",
      text.hasReference
        ? "write one of them" : suggestion(for: text.text, among: words, known: "write one of") ?? "")
    return nil
  }

  /// A scalar for a value that is no free text.
  private func typed(_ node: YAMLNode, _ label: String, _ expected: String) -> ExpandedText? {
    switch node.content {
    case .scalar where !node.isNull: return text(node, label)
    case .invalid: return nil
    default:
      report(node.mark, "\(label) must be \(expected), not \(describe(node))", "write \(expected)")
      return nil
    }
  }

  private func isQuotedNumber(_ text: ExpandedText) -> Bool {
    guard text.kind == .string, !text.hasReference else { return false }
    switch YAMLScalar.plainKind(text.text) {
    case .integer, .number: return true
    default: return false
    }
  }

  /// What was written, if it has a reference: a message shows that, and not what it stands for.
  func reference(in node: YAMLNode) -> String? {
    guard case .scalar(let scalar) = node.content, scalar.text.contains("${") else { return nil }
    return shown(scalar.text)
  }

  /// As the file has it, on one line and not too long.
  func shown(_ text: ExpandedText) -> String { shown(text.written) }

  func shown(_ written: String) -> String {
    let line = String(written.unicodeScalars.prefix(60).map { $0.value < 0x20 ? " " : Character($0) })
    return written.unicodeScalars.count > 60 ? line + "..." : line
  }
}
