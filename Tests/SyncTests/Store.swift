import Foundation

@testable import Sync

/// Every kind of thing that is a source and a sink.
enum StoreKind: String, Sendable, CaseIterable {
  case sqlite, postgres, jsonLines

  static let all = allCases.filter { $0 != .postgres || !PostgresServer.isSkipped }
  static let databases = all.filter { $0 != .jsonLines }
}

/// A database or a folder of one test's own.
struct Store {
  let kind: StoreKind
  let folder: TemporaryFolder
  private let url: String

  init(_ kind: StoreKind) throws {
    self.kind = kind
    folder = try TemporaryFolder()
    url = kind == .postgres ? try PostgresServer.makeDatabase() : ""
    if kind == .postgres { folder.remove() }
    if kind == .sqlite { try folder.sqlite("store.db", "") }
  }

  func remove() { folder.remove() }

  var source: SourceEndpoint {
    switch kind {
    case .sqlite: .sqlite(path: folder.path("store.db"))
    case .postgres: .postgres(url: url)
    case .jsonLines: .jsonLines(path: folder.path(""))
    }
  }

  var sink: SinkEndpoint {
    switch kind {
    case .sqlite: .sqlite(path: folder.path("store.db"))
    case .postgres: .postgres(url: url)
    case .jsonLines: .jsonLines(path: folder.path(""))
    }
  }

  func execute(_ sql: String) throws {
    switch kind {
    case .sqlite: try folder.sqlite("store.db", sql)
    case .postgres:
      let connection = try PostgresConnection(url: url, applicationName: "tests")
      defer { connection.close() }
      try connection.execute(sql)
    case .jsonLines: preconditionFailure("a file has no SQL")
    }
  }

  func rows(_ sql: String) throws -> [[String?]] {
    switch kind {
    case .sqlite: return try folder.rows("store.db", sql)
    case .postgres:
      let connection = try PostgresConnection(url: url, applicationName: "tests")
      defer { connection.close() }
      return try connection.rows(sql)
    case .jsonLines: preconditionFailure("a file has no SQL")
    }
  }

  /// Makes an empty `person (id, name)`, or nothing for files.
  func makePersonTable() throws {
    if kind != .jsonLines { try execute("CREATE TABLE person (id BIGINT PRIMARY KEY, name TEXT)") }
  }

  /// Makes `person` with the given ids, each named `n<id>`.
  func fill(_ ids: some Sequence<Int>) throws {
    let ids = Array(ids)
    guard kind != .jsonLines else {
      return try folder.write("person", ids.map { "{\"id\":\($0),\"name\":\"n\($0)\"}\n" }.joined())
    }
    try makePersonTable()
    if !ids.isEmpty {
      try execute("INSERT INTO person VALUES " + ids.map { "(\($0), 'n\($0)')" }.joined(separator: ", "))
    }
  }

  /// The rows of `person` as `id=name`, in the order of their ids.
  func people() throws -> [String] {
    guard kind == .jsonLines else {
      return try rows("SELECT id, name FROM person ORDER BY id").map { "\($0[0] ?? "-")=\($0[1] ?? "-")" }
    }
    guard FileManager.default.fileExists(atPath: folder.path("person")) else { return [] }
    return try lines("person").map { line in (line["id"] as? Int ?? -1, line["name"] as? String ?? "-") }
      .sorted { $0.0 < $1.0 }.map { "\($0.0)=\($0.1)" }
  }

  func lines(_ name: String) throws -> [[String: Any]] {
    try folder.text(name).split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
  }
}

extension SyncPlan {
  /// A plan from `person` to `person`, with chunks of 10 rows.
  static func people(
    from source: Store, to sink: Store, mode: SyncMode = .append, run: String = "r1", token: Int64 = 1,
    cursor: String? = nil
  ) -> SyncPlan {
    SyncPlan(
      job: "people", queue: "nightly", source: source.source,
      query: source.kind == .jsonLines ? "person" : "SELECT * FROM person", key: ["id"], sink: sink.sink,
      table: "person",
      mode: mode, limits: .init(rows: 10), run: run, token: token, cursor: cursor)
  }
}

/// `n<id>` for each id, as `Store.people` gives them.
func named(_ ids: some Sequence<Int>) -> [String] { ids.map { "\($0)=n\($0)" } }
