import ChunkProtocol

/// What went wrong in a source or a sink, before the pipeline adds the job and the chunk.
struct SyncFault: Error {
  var message: String
  /// What a person can do about it.
  var remedy: String?
  var isRetriable = false
  var fencedBy: Int64?
  /// The row within the chunk, counted from 0, when a row is to blame.
  var row: Int?
  /// The key of that row in words.
  var key: String?
  var column: String?
  /// PostgreSQL's SQLSTATE and the context that came with it.
  var state: String?
  var context: String?

  init(
    _ message: String, remedy: String? = nil, isRetriable: Bool = false, fencedBy: Int64? = nil, row: Int? = nil,
    key: String? = nil, column: String? = nil
  ) {
    self.message = message
    self.remedy = remedy
    self.isRetriable = isRetriable
    self.fencedBy = fencedBy
    self.row = row
    self.key = key
    self.column = column
  }

  /// The fault as the worker gets it: `job "x", chunk 3, key (id = 7), column "age": what happened. Remedy.`
  func failure(job: String, chunk: Int?) -> RunnerFailure {
    var place = ["job \"\(job)\""]
    if let chunk { place.append("chunk \(chunk)") }
    if let key { place.append("key (\(key))") }
    if let column { place.append("column \"\(column)\"") }
    var text = place.joined(separator: ", ") + ": " + message
    if let remedy { text += (text.hasSuffix(".") ? " " : ". ") + remedy }
    return RunnerFailure(message: text, isRetriable: isRetriable, fencedBy: fencedBy)
  }

  /// Another queue's run is about to put a table in our table's place.
  static func replacedByOther(table: String, queue: String, run: String, staging: String) -> SyncFault {
    SyncFault(
      "run \(run) of queue \"\(queue)\" is replacing \"\(table)\": what one of two queues writes, the other would lose",
      remedy: "Give the jobs that write this table one queue. If that run is over, drop the table \"\(staging)\".")
  }

  /// The sink holds a token that is not ours to pass.
  static func fenced(queue: String, ours: Int64, stored: Int64, run: String) -> SyncFault {
    SyncFault(
      "the sink's fence for queue \"\(queue)\" holds token \(stored) of run \(run); our token \(ours) is too low, "
        + "so a newer attempt owns the sink and nothing was written",
      fencedBy: stored)
  }
}
