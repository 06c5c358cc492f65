import Dispatch

extension SyncPlan {
  /// What a cursor belongs to, in 16 digits: the source's name, the query with the params that it uses, the key, the table
  /// and the mode. With another one of these, a cursor of the run means nothing.
  var fingerprint: String {
    let what: String
    var used: [String] = []
    switch source {
    case .jsonLines(let path): what = query.isEmpty ? path : query
    case .postgres, .sqlite:
      what = query
      // A query that cannot be read has no cursors.
      used = (try? QueryTemplate(query, marker: queryMarker).names) ?? []
    }
    let values = used.flatMap { [JSONValue.string($0), params[$0] ?? .null] }
    return Hex.fingerprint(
      JSONValue.array([
        .string(sourceName), .string(what), .array(values), .array(key.map(JSONValue.string)), .string(table),
        .string(mode.rawValue),
      ]).jsonText)
  }

  /// What stands before a parameter's number in the source's SQL.
  var queryMarker: Character {
    if case .sqlite = source { return "?" }
    return "$"
  }
}

extension SinkPosition {
  /// What a record of our run means to our plan.
  /// - Parameter fingerprint: of the plan that the record was made by; nil when the record is older than fingerprints.
  /// - Throws: `SyncFault` when rows were appended by a plan that is not ours.
  init(_ plan: SyncPlan, cursor: String?, rows: Int64, isComplete: Bool, fingerprint: String?) throws {
    self.init(isOurRun: true, cursor: cursor, rows: rows, isComplete: isComplete)
    guard !isComplete, let fingerprint, fingerprint != plan.fingerprint else { return }
    guard plan.mode != .append || cursor == nil else {
      throw SyncFault(
        "\(SinkPosition.change), and the run has written \(rows) rows already: going on could repeat rows or leave some out",
        remedy: "Change the job back, or cancel the run, remove its rows and enqueue the job again.")
    }
    self.init(isOurRun: true, cursor: nil, rows: 0)
    isRestarted = cursor != nil
  }

  static let change =
    "the job was changed since this run began (its source, query, params, key, table or mode)"
}
