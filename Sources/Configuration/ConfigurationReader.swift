/// Reads a tree of nodes into typed values and collects whatever is wrong on the way.
///
/// Every function that reads a node reports what is wrong with it once, and then returns nil. Labels are what a message
/// begins with: `'rows' in chunk of job 'report'`.
final class ConfigurationReader {
  let file: String
  /// What relative paths are relative to.
  let folder: String
  let environment: [String: String]
  private var found: Set<Problem> = []

  init(file: String, environment: [String: String]) {
    self.file = file
    self.folder = Path.folder(of: file)
    self.environment = environment
  }

  /// In the order of the file. One that an alias brought up again is there once.
  var problems: [Problem] {
    found.sorted { ($0.line, $0.column, $0.message) < ($1.line, $1.column, $1.message) }
  }

  func report(_ mark: Mark, _ message: String, _ remedy: String) {
    found.insert(Problem(file: file, line: mark.line, column: mark.column, message: message, remedy: remedy))
  }
}

/// A mapping whose keys are known.
struct Section {
  /// `job 'report'`.
  let title: String
  /// Where to point for what is missing: the section's own key.
  let mark: Mark
  let entries: [YAMLEntry]

  func entry(_ key: String) -> YAMLEntry? { entries.first { $0.key == key } }
}

extension ConfigurationReader {
  /// A mapping with these keys and no other. One that is left empty has none.
  func section(_ node: YAMLNode, _ title: String, at mark: Mark, keys: [String]) -> Section? {
    guard let entries = entries(node, title) else { return nil }
    for entry in entries where !keys.contains(entry.key) {
      report(
        entry.mark, "unknown key '\(entry.key)' in \(title)",
        suggestion(for: entry.key, among: keys, known: "keys here") ?? "remove it")
    }
    return Section(title: title, mark: mark, entries: entries)
  }

  /// A mapping with any keys. One that is left empty has none.
  func entries(_ node: YAMLNode, _ title: String) -> [YAMLEntry]? {
    switch node.content {
    case .mapping(let entries): return entries
    case .invalid: return nil
    case .scalar where node.isNull: return []
    default:
      report(node.mark, "\(title) must be a mapping, not \(describe(node))", "write 'key: value' lines below it")
      return nil
    }
  }

  /// A key of a section, which need not be there.
  func value<T>(_ key: String, of section: Section?, _ read: (YAMLNode, String) -> T?) -> T? {
    guard let section, let entry = section.entry(key) else { return nil }
    let label = "'\(key)' in \(section.title)"
    guard !entry.value.isNull else {
      report(entry.mark, "\(label) has no value", "give it one, or remove the key")
      return nil
    }
    return read(entry.value, label)
  }

  /// A key of a section, which must be there.
  /// - Parameter example: what a reader could write, key included.
  func required<T>(
    _ key: String, of section: Section?, example: String, _ read: (YAMLNode, String) -> T?
  ) -> T? {
    guard let section else { return nil }
    guard section.entry(key) != nil else {
      report(section.mark, "\(section.title) has no '\(key)'", "add it: \(example)")
      return nil
    }
    return value(key, of: section, read)
  }

  /// The items of a list.
  func items(_ node: YAMLNode, _ label: String, example: String) -> [YAMLNode]? {
    switch node.content {
    case .sequence(let items): return items
    case .invalid: return nil
    default:
      report(node.mark, "\(label) must be a list, not \(describe(node))", "write \(example)")
      return nil
    }
  }

  /// What a node is, without its value: that may be a secret in the wrong place.
  func describe(_ node: YAMLNode) -> String {
    switch node.content {
    case .mapping: return "a mapping"
    case .sequence: return "a list"
    case .invalid: return "an alias"
    case .scalar(let scalar):
      switch scalar.kind {
      case .null: return "nothing"
      case .boolean: return "true or false"
      case .integer, .number: return "a number"
      case .string: return "a string"
      }
    }
  }
}
