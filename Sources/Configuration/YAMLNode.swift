/// A node of the file's tree, with its place.
struct YAMLNode: Sendable {
  enum Content: Sendable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping([YAMLEntry])
    /// Something that has been reported already: say no more of it.
    case invalid
  }

  var content: Content
  var mark: Mark
  /// How many nodes it holds, itself and expanded aliases included.
  var size: Int

  /// Whether nothing was written here: empty, `~` or `null`, without quotes.
  var isNull: Bool {
    if case .scalar(let scalar) = content, scalar.kind == .null { return true }
    return false
  }
}

/// A key of a mapping and its value.
struct YAMLEntry: Sendable {
  var key: String
  var mark: Mark
  var value: YAMLNode
}

/// A scalar as it was written. Only a plain one can be anything but a string.
struct YAMLScalar: Sendable {
  var text: String
  /// In quotes, or a block after `|` or `>`.
  var isQuoted: Bool
  /// The place of each dollar in `text`, in order; empty if they cannot be told (a dollar written as an escape).
  var dollars: [Mark] = []

  enum Kind: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string
  }

  var kind: Kind { isQuoted ? .string : YAMLScalar.plainKind(text) }

  /// What a plain scalar is in YAML 1.2's core schema, except that only decimal numbers without leading zeros are
  /// numbers: `010` is eight to some readers and ten to others, so here it is neither.
  static func plainKind(_ text: String) -> Kind {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .boolean(true)
    case "false", "False", "FALSE": return .boolean(false)
    default: break
    }
    var digits = text.utf8[...]
    if digits.first == UInt8(ascii: "-") || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
    let isDigit = { (byte: UInt8) in byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
    let hasLeadingZero = digits.first == UInt8(ascii: "0") && (digits.dropFirst().first.map(isDigit) ?? false)
    guard !hasLeadingZero, digits.contains(where: isDigit) else { return .string }
    if digits.allSatisfy(isDigit), let value = Int64(text) { return .integer(value) }
    guard digits.allSatisfy({ isDigit($0) || ".eE+-".utf8.contains($0) }), let value = Double(text), value.isFinite
    else { return .string }
    return .number(value)
  }
}
