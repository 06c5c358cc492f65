import Dispatch

extension ConfigurationReader {
  // MARK: - sync

  func sync(_ entry: YAMLEntry, _ job: String, _ declared: Declared) -> SyncDefinition? {
    let title = "sync of \(job)"
    let keys = ["from", "query", "source-file", "key", "to", "table", "file", "mode"]
    guard let section = section(entry.value, title, at: entry.mark, keys: keys) else { return nil }
    let from = connectionName("from", of: section, declared)
    let to = connectionName("to", of: section, declared)
    let key = required("key", of: section, example: "key: [id], the columns that identify a row") {
      self.columns($0, $1)
    }
    let source = source(section, from.flatMap { declared.connections[$0] })
    let target = target(section, to.flatMap { declared.connections[$0] })
    let mode = mode(section, target)
    guard let from, let to, let key, let source, let target, let mode else { return nil }
    return SyncDefinition(from: from, source: source, key: key, to: to, target: target, mode: mode)
  }

  private func connectionName(_ key: String, of section: Section, _ declared: Declared) -> String? {
    required(key, of: section, example: "\(key): \(declared.connectionNames.first ?? "people")") {
      reference($0, $1, title: section.title, noun: "connection", among: declared.connectionNames)
    }
  }

  private func columns(_ node: YAMLNode, _ label: String) -> [String]? {
    let nodes: [YAMLNode]?
    if case .scalar = node.content { nodes = [node] } else { nodes = items(node, label, example: "[id]") }
    guard let nodes else { return nil }
    guard !nodes.isEmpty else {
      report(node.mark, "\(label) has no column", "name the columns that identify a row: [id]")
      return nil
    }
    var columns: [String] = []
    for node in nodes {
      guard let column = string(node, "a column of \(label)") else { continue }
      if columns.contains(column) {
        report(node.mark, "a column is twice in \(label)", "remove one of them")
      }
      columns.append(column)
    }
    return columns.count == nodes.count ? columns : nil
  }

  private func source(_ section: Section, _ connection: Connection?) -> SyncDefinition.Source? {
    let query = value("query", of: section) {
      string($0, $1, params: "write ':name' for the param: it is bound, never made part of the SQL")
    }
    let file = value("source-file", of: section) { string($0, $1) }
    switch connection {
    case nil: return nil
    case .jsonLines(let path):
      refuse("query", of: section, "'from' is a connection to JSON Lines", "remove it; 'source-file' names a file")
      if section.entry("source-file") != nil, file == nil { return nil }
      return .file(path: file.map { Path.resolve($0, in: path) } ?? path)
    default:
      refuse("source-file", of: section, "'from' is a connection to a database", "write a 'query'")
      guard section.entry("query") == nil else { return query.map { .query($0) } }
      report(section.mark, "\(section.title) has no 'query'", "add it: query: \"SELECT id, name FROM person\"")
      return nil
    }
  }

  private func target(_ section: Section, _ connection: Connection?) -> SyncDefinition.Target? {
    let table = value("table", of: section) { string($0, $1) }
    let file = value("file", of: section) { string($0, $1) }
    switch connection {
    case nil: return nil
    case .jsonLines(let path):
      refuse("table", of: section, "'to' is a connection to JSON Lines", "remove it; 'file' names a file")
      if section.entry("file") != nil, file == nil { return nil }
      return .file(path: file.map { Path.resolve($0, in: path) } ?? path)
    default:
      refuse("file", of: section, "'to' is a connection to a database", "write a 'table'")
      guard section.entry("table") == nil else { return table.map { .table($0) } }
      report(section.mark, "\(section.title) has no 'table'", "add it: table: person")
      return nil
    }
  }

  private func refuse(_ key: String, of section: Section, _ reason: String, _ remedy: String) {
    guard let entry = section.entry(key) else { return }
    report(entry.mark, "'\(key)' in \(section.title) does not fit: \(reason)", remedy)
  }

  private func mode(_ section: Section, _ target: SyncDefinition.Target?) -> SyncDefinition.Mode? {
    let isFile = if case .file = target { true } else { false }
    guard let entry = section.entry("mode") else { return isFile ? .append : .upsert }
    let mode: SyncDefinition.Mode? = value("mode", of: section) { choice($0, $1) }
    if isFile, mode == .upsert {
      report(
        entry.value.mark, "'mode' in \(section.title) cannot be upsert: lines of a file have no key",
        "write append or replace")
      return nil
    }
    return mode
  }

  // MARK: - run

  func command(_ section: Section, _ params: Parameters) -> CommandDefinition? {
    let environment = section.entry("environment").map { self.environment($0.value, section.title) } ?? [:]
    let directory = value("directory", of: section) { string($0, $1) }
    let example = "a list: [\"/bin/sh\", \"-c\", \"...\"]"
    let arguments = value("run", of: section) { node, label -> [CommandDefinition.Argument]? in
      guard let items = items(node, label, example: example) else { return nil }
      guard !items.isEmpty else {
        report(node.mark, "\(label) names no program", "write \(example)")
        return nil
      }
      let arguments = items.enumerated().map { index, item in
        argument(item, index == 0 ? "the program of \(label)" : "an argument of \(label)", index, params)
      }
      return arguments.contains(nil) ? nil : arguments.compactMap { $0 }
    }
    guard let arguments else { return nil }
    var defaults: [String: JSONValue] = [:]
    for parameter in params.definitions { defaults[parameter.name] = parameter.defaultValue }
    return CommandDefinition(
      arguments: arguments, environment: environment, directory: directory.map { Path.resolve($0, in: folder) },
      defaults: defaults)
  }

  private func environment(_ node: YAMLNode, _ job: String) -> [String: Secret] {
    var result: [String: Secret] = [:]
    for entry in entries(node, "'environment' in \(job)") ?? [] {
      guard !entry.key.isEmpty, !entry.key.contains("="), !entry.key.utf8.contains(0) else {
        report(entry.mark, "'\(entry.key)' is no name for an environment variable", "use letters, digits and '_'")
        continue
      }
      if let value = text(entry.value, "'\(entry.key)' in environment of \(job)") {
        result[entry.key] = Secret(value.text)
      }
    }
    return result
  }

  private func argument(
    _ node: YAMLNode, _ label: String, _ index: Int, _ params: Parameters
  ) -> CommandDefinition.Argument? {
    guard case .scalar(let scalar) = node.content, scalar.kind != .null else {
      if case .invalid = node.content { return nil }
      report(node.mark, "\(label) must be a string, not \(describe(node))", "write it in quotes")
      return nil
    }
    let template = Template(scalar, at: node.mark, report: report)
    var argument = CommandDefinition.Argument(pieces: [])
    var isSound = template.isSound
    for (piece, mark) in template.pieces {
      switch piece {
      case .literal(let text): argument.pieces.append(.literal(text))
      case .parameter(let name):
        argument.pieces.append(.parameter(name))
        isSound = check(name, at: mark, label, index, params) && isSound
      default:
        guard let value = expand(piece, at: mark) else {
          isSound = false
          continue
        }
        argument.pieces.append(.secret(Secret(value)))
      }
    }
    guard isSound else { return nil }
    if index == 0, argument.pieces.isEmpty {
      report(node.mark, "\(label) is empty", "name the program to start")
      return nil
    }
    return argument
  }

  private func check(_ name: String, at mark: Mark, _ label: String, _ index: Int, _ params: Parameters) -> Bool {
    if index == 0 {
      report(
        mark, "\(label) comes from a request",
        "name the program here: who may send requests may not choose what is started")
      return false
    }
    guard !params.names.contains(name) else { return true }
    var remedy = "declare it: params: {\(name): {type: string}}"
    if let near = nearest(to: name, among: params.names) { remedy = "did you mean 'params.\(near)'?" }
    report(mark, "\(label) uses the undeclared param '\(name)'", remedy)
    return false
  }
}
