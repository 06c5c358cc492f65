import ChunkProtocol

/// What the worker answers to a chunk that is in the sink.
public enum ChunkAnswer: Sendable, Hashable {
  /// The checkpoint is committed: the next chunk may be written.
  case go
  /// Write nothing more, and end.
  case stop(reason: String)
}

/// The pipeline's way to its worker.
public protocol ChunkReporting {
  /// Reports a chunk that is in the sink and waits for the answer.
  /// - Throws: when the worker is gone; nothing more is written then.
  func report(_ chunk: ChunkReport) throws -> ChunkAnswer
}

/// A runner's whole way to its worker: chunks and the end.
public protocol SyncReporting: ChunkReporting {
  /// Tells that all rows are in the sink.
  func done(_ done: RunnerDone) throws
  /// Tells why the attempt cannot go on.
  func failed(_ failure: RunnerFailure) throws
}
