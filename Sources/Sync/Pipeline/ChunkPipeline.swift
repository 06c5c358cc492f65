import ChunkProtocol
import Dispatch

/// Moves the rows of one attempt from its source to its sink, chunk by chunk.
///
/// A thread reads the next chunk while the caller's thread writes one and waits for the worker's answer. Chunk n+1 is
/// written only after chunk n is acknowledged.
///
/// What is promised: each row whose key is there from the run's beginning to its end arrives, once. What is not: one state of
/// the whole source; a row that changes meanwhile arrives as it was when its chunk was read, and one whose key comes behind
/// the cursor arrives with the next run.
public struct ChunkPipeline {
  /// How the attempt ended, when it did not fail.
  public enum Outcome: Sendable, Hashable {
    /// All rows are in the sink.
    case done(facts: [String: JSONValue])
    /// The worker said stop; the chunk in hand was finished.
    case stopped(reason: String)
  }

  private let plan: SyncPlan
  private let log: (String) -> Void

  /// - Parameter log: gets a sentence for what a reader of the run's log should know, such as a resumed cursor.
  public init(plan: SyncPlan, log: @escaping (String) -> Void = { _ in }) {
    self.plan = plan
    self.log = log
  }

  /// Runs to the end.
  ///
  /// The facts are `sourceRows` (read in this attempt), `rowsWritten` (in this attempt), `rowsTotal` (in all attempts of
  /// the run, from the sink's own record) and `chunks`.
  /// - Throws: `RunnerFailure`, or what `reporting` threw.
  public func run(reporting: any ChunkReporting) throws -> Outcome {
    let source = ChunkPipeline.makeSource(plan)
    let sink = ChunkPipeline.makeSink(plan)
    defer {
      source.close()
      sink.close()
    }
    let input: SinkInput
    let position: SinkPosition
    do {
      try checkPlan()
      let columns = try source.open()
      let key = try RowChecks(columns: columns, key: plan.key, limits: plan.limits, folding: plan.isSourceFolding).key
      input = SinkInput(
        columns: columns, key: key, hasUniqueKeys: source.hasUniqueKeys, isJSON: source.isJSON)
      position = try sink.open(input)
      if position.isComplete {
        log("the run is complete in the sink already: \(position.rows) rows")
        return .done(facts: facts(rows: 0, total: position.rows, chunks: 0))
      }
      try source.start(after: try beginning(position))
    } catch let fault as SyncFault {
      throw fault.failure(job: plan.job, chunk: nil)
    }
    return try move(from: source, to: sink, input: input, rowsBefore: position.rows, reporting: reporting)
  }

  private func checkPlan() throws {
    guard plan.limits.rows > 0, plan.limits.bytes > 0 else {
      throw SyncFault(
        "the chunk's limits are \(plan.limits.rows) rows and \(plan.limits.bytes) bytes; both must be > 0")
    }
    // Places within a chunk have 32 bits, and the row that does not fit comes on top.
    guard plan.limits.bytes <= 1 << 30 else {
      throw SyncFault(
        "the chunk's limit of \(plan.limits.bytes) bytes is more than 1 GiB", remedy: "Lower the job's chunk bytes.")
    }
  }

  /// Where to go on: the sink's own record is the truth, since it was written in the rows' own transaction.
  private func beginning(_ position: SinkPosition) throws -> String? {
    if position.isRestarted { log("\(SinkPosition.change): starting at the beginning") }
    if position.isOurRun {
      if let cursor = position.cursor, cursor != plan.cursor {
        log("the sink is ahead of the checkpoint: going on after \(cursor), which the sink stored with its last chunk")
      }
      return position.cursor
    }
    guard let checkpoint = plan.cursor else { return nil }
    guard plan.mode != .append else {
      throw SyncFault(
        "the checkpoint says that rows up to \(checkpoint) are in the sink, but the sink has no record of run "
          + "\(plan.run): appending again could repeat rows",
        remedy: "The sink was replaced or its fence deleted: remove the run's rows, then enqueue the job again.")
    }
    log("the sink has no record of run \(plan.run) (checkpoint \(checkpoint)): starting at the beginning")
    return nil
  }

  private func move(
    from source: any Source, to sink: any Sink, input: SinkInput, rowsBefore: Int64, reporting: any ChunkReporting
  ) throws -> Outcome {
    let handOver = HandOver(columnCount: input.columns.count)
    let reader = Reader(source: source, handOver: handOver)
    let thread: WorkThread
    do { thread = try WorkThread { reader.run() } } catch let fault as SyncFault {
      throw fault.failure(job: plan.job, chunk: nil)
    }
    defer {
      handOver.stop()
      thread.join()
      handOver.close()
    }
    var number = 0
    var rows: Int64 = 0
    while true {
      do {
        guard case .chunk(let chunk) = try next(handOver) else { continue }
        if chunk.rows > 0 {
          do { try sink.write(chunk, rowsTotal: rowsBefore + rows + Int64(chunk.rows)) } catch var fault as SyncFault {
            if fault.key == nil, let row = fault.row {
              fault.key = chunk.keyDescription(row: row, columns: input.key, names: input.columns)
            }
            throw fault
          }
          number += 1
          rows += Int64(chunk.rows)
          let answer = try reporting.report(
            ChunkReport(
              chunk: number, cursor: chunk.cursor, rows: chunk.rows, bytes: chunk.byteCount,
              total: Int(rowsBefore + rows)))
          if case .stop(let reason) = answer { return .stopped(reason: reason) }
        }
        if chunk.isLast {
          try sink.finish()
          return .done(facts: facts(rows: rows, total: rowsBefore + rows, chunks: number))
        }
        handOver.giveBack(chunk)
      } catch let fault as SyncFault {
        throw fault.failure(job: plan.job, chunk: number + 1)
      }
    }
  }

  private func next(_ handOver: HandOver) throws -> HandOver.Item {
    let item = handOver.take()
    if case .fault(let error) = item { throw error }
    return item
  }

  private func facts(rows: Int64, total: Int64, chunks: Int) -> [String: JSONValue] {
    [
      "sourceRows": .integer(rows), "rowsWritten": .integer(rows), "rowsTotal": .integer(total),
      "chunks": .integer(Int64(chunks)),
    ]
  }
}

/// The reading side.
///
/// `@unchecked Sendable`: the source is touched by the reader's thread alone until that thread is joined.
private final class Reader: @unchecked Sendable {
  private let source: any Source
  private let handOver: HandOver

  init(source: any Source, handOver: HandOver) {
    self.source = source
    self.handOver = handOver
  }

  func run() {
    while let chunk = handOver.takeEmpty() {
      do { try source.read(into: chunk) } catch {
        handOver.pass(.fault(error))
        return
      }
      let isLast = chunk.isLast
      handOver.pass(.chunk(chunk))
      if isLast { return }
    }
  }
}
