import Dispatch
import Sync
import Terminal

/// What the demo's data and its log say at the end, and whether that is what was promised.
struct DemoFigures {
  var comparison: SampleDatabase.Comparison
  /// The rows that the nightly run's attempts handed to the sink, one number for each.
  var given: [Int64]
  /// Of the nightly run.
  var attempts: Int
  var nightly: RunEnd?
  var manual: RunEnd?
  /// What the audit found, in its words; of these, how many are about runs that overlapped.
  var findings: [String] = []
  var overlaps = 0
  var requests: Int
  var ends: Int
  /// Bytes.
  var workerPeak: Int64
  var chunkRows: Int64

  /// Rows that the nightly run handed over beyond one for each person; below 0 if it did too few.
  var writtenTwice: Int64 { given.reduce(0, +) - comparison.source }

  var isGood: Bool {
    guard case .succeeded? = nightly, attempts > 1 else { return false }
    // The rerun needs no run of its own when another one has done its work.
    switch manual {
    case .succeeded, .skipped(.covered): break
    default: return false
    }
    return comparison.source == comparison.sink && comparison.duplicates == 0 && comparison.differing == 0
      && findings.isEmpty && (0...chunkRows).contains(writtenTwice)
  }

  /// Bytes; the larger of the two runs'.
  private var runnerPeak: Int64 {
    [nightly, manual].map { end in
      if case .succeeded(let facts) = end, case .integer(let peak)? = facts["peakMemoryBytes"] { peak } else { 0 }
    }.max() ?? 0
  }

  /// The same for programs.
  func facts(milliseconds: Int64) -> JSONValue {
    .object([
      "persons": .integer(comparison.source), "sink": .integer(comparison.sink),
      "duplicates": .integer(comparison.duplicates), "differing": .integer(comparison.differing),
      "overlaps": .integer(Int64(overlaps)), "findings": .integer(Int64(findings.count)),
      "rowsWritten": .array(given.map(JSONValue.integer)), "rowsWrittenTwice": .integer(writtenTwice),
      "runnerPeakBytes": .integer(runnerPeak), "workerPeakBytes": .integer(workerPeak), "ok": .boolean(isGood),
      "milliseconds": .integer(milliseconds),
    ])
  }

  /// Writes the figures as a table.
  func write(to output: TerminalOutput) {
    let rows: [(String, String)] = [
      ("persons in the source", formatCount(comparison.source)),
      ("persons in the search table", formatCount(comparison.sink)),
      ("persons there twice", formatCount(comparison.duplicates)),
      ("persons that differ", formatCount(comparison.differing)),
      ("runs that overlapped", formatCount(Int64(overlaps))),
      ("rows written by attempt", given.map(formatCount).joined(separator: " and ")),
      ("rows written twice", "\(formatCount(writtenTwice)) (at most one chunk of \(formatCount(chunkRows)))"),
      ("requests, ends", "\(requests), \(ends)"),
      ("other findings of the audit", formatCount(Int64(findings.count - overlaps))),
      ("peak memory", "worker \(formatBytes(workerPeak)), runner \(formatBytes(runnerPeak))"),
    ]
    output.line("")
    for (name, value) in rows {
      output.line(String(repeating: " ", count: 10) + name + String(repeating: " ", count: 30 - name.count) + value)
    }
    for finding in findings { output.line("          " + finding) }
    output.line("")
  }
}
