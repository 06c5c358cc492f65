import Dispatch
import Terminal

/// How a request ended: with its own run, with another's that stands for it, or not at all.
struct RunOutcome: Sendable {
  /// What became of it.
  enum Result: Sendable {
    case ended(Event.Ended)
    /// A person gave it up.
    case lost(Loss)
  }

  /// The run whose end this is.
  var run: String
  var result: Result
  /// Why the end of another run is this request's; nil for its own.
  var standIn: String?

  var hasSucceeded: Bool {
    if case .ended(let ended) = result, case .succeeded = ended.end { true } else { false }
  }

  /// The exit status that it stands for.
  var exitCode: Int32 {
    guard case .ended(let ended) = result else { return 7 }
    return switch ended.end {
    case .succeeded, .skipped(.duplicate), .skipped(.covered): ExitCode.success
    case .failed: ExitCode.failure
    case .cancelled, .skipped(.paused): 5
    case .skipped(.expired): 6
    }
  }

  var words: String {
    switch result {
    case .ended(let ended): (standIn.map { "\($0): " } ?? "") + endWords(ended)
    case .lost(let loss): loss.words
    }
  }

  var facts: JSONValue {
    var facts: JSONValue
    switch result {
    case .ended(let ended): facts = endFacts(ended)
    case .lost(let loss): facts = loss.facts
    }
    guard case .object(var members) = facts else { return facts }
    members["run"] = .string(run)
    if let standIn { members["standsFor"] = .string(standIn) }
    facts = .object(members)
    return facts
  }
}

/// Requests that were gone from the log without an end, which a person gave up so that their queue goes on.
struct Loss: Sendable {
  var from: Int64
  /// The end excluded.
  var to: Int64
  var by: String

  /// Nil for any other event.
  init?(_ event: Event) {
    guard case .lossAccepted(let from, let to, let by) = event.body else { return nil }
    self.init(from: from, to: to, by: by)
  }

  init(from: Int64, to: Int64, by: String) { (self.from, self.to, self.by) = (from, to, by) }

  func covers(_ request: Int64) -> Bool { from <= request && request < to }

  var words: String {
    "given up as lost by \(printable(by)), with all that was gone from the log at the offsets \(from) to \(to - 1)"
  }

  var facts: JSONValue {
    .object(["end": .string("lost"), "by": .string(by), "from": .integer(from), "to": .integer(to)])
  }
}

/// An end in one line.
func endWords(_ ended: Event.Ended) -> String {
  switch ended.end {
  case .succeeded(let facts):
    let rows = ended.rows > 0 ? ", \(formatCount(ended.rows)) rows in \(formatCount(Int64(ended.chunks))) chunks" : ""
    var facts = facts
    facts["peakMemoryBytes"] = nil
    facts["chunks"] = nil
    let words = facts.sorted { $0.key < $1.key }.map { printable("\($0.key) \($0.value.factText)") }
    let extra = words.isEmpty ? "" : " (" + words.joined(separator: ", ") + ")"
    return "succeeded\(rows)\(extra)"
  case .failed(let failure): return "failed (\(failure.kind.rawValue)): \(printable(failure.message, keepsLines: true))"
  case .cancelled(let by, let reason):
    return "cancelled by \(printable(by))" + (reason.map { ": \(printable($0))" } ?? "")
  case .skipped(.duplicate(let of, let at)): return "skipped: a duplicate of \(printable(of)) at offset \(at)"
  case .skipped(.covered(let by, let at)):
    return "covered by \(printable(by)) at offset \(at), which was waiting already"
  case .skipped(.expired(let at)): return "skipped: expired at \(at)"
  case .skipped(.paused(let by, let reason)):
    return "skipped: its job is paused by \(printable(by))" + (reason.map { ": \(printable($0))" } ?? "")
  }
}

extension JSONValue {
  /// A fact as a person reads it.
  fileprivate var factText: String {
    switch self {
    case .integer(let number): formatCount(number)
    case .string(let text): text
    case .null, .boolean, .number, .array, .object: jsonText
    }
  }
}

/// An end as JSON.
func endFacts(_ ended: Event.Ended) -> JSONValue {
  var facts: [String: JSONValue] = [
    "end": .string(ended.end.kind), "attempt": .integer(Int64(ended.attempt)), "rows": .integer(ended.rows),
    "chunks": .integer(Int64(ended.chunks)),
  ]
  switch ended.end {
  case .succeeded(let more): facts["facts"] = .object(more)
  case .failed(let failure):
    facts["kind"] = .string(failure.kind.rawValue)
    facts["message"] = .string(failure.message)
  case .cancelled(let by, let reason):
    facts["by"] = .string(by)
    if let reason { facts["reason"] = .string(reason) }
  case .skipped(.duplicate(let of, _)):
    facts["reason"] = .string("duplicate")
    facts["of"] = .string(of)
  case .skipped(.covered(let by, _)):
    facts["reason"] = .string("covered")
    facts["of"] = .string(by)
  case .skipped(.expired(let at)):
    facts["reason"] = .string("expired")
    facts["expired"] = .string(at.description)
  case .skipped(.paused(let by, let reason)):
    facts["reason"] = .string("paused")
    facts["by"] = .string(by)
    if let reason { facts["why"] = .string(reason) }
  }
  return .object(facts)
}
