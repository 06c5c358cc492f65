import KafkaLog
import Synchronization

/// What a member was told, in order; tests await the next thing of a sort, and may look at all that came.
final class MemberEvents: Sendable {
  private struct State {
    var all: [GroupEvent] = []
    var read = 0
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  var add: @Sendable (GroupEvent) -> Void {
    { event in
      self.state.withLock { $0.all.append(event) }
      self.wake()
    }
  }

  private func wake() {
    let waiter = state.withLock { state in
      let waiter = state.waiter
      state.waiter = nil
      return waiter
    }
    waiter?.resume()
  }

  var all: [GroupEvent] { state.withLock { $0.all } }

  var records: [LogRecord] {
    all.compactMap { if case .record(let record, _) = $0 { record } else { nil } }
  }

  /// The next event that the closure makes something of; those before it are passed over.
  func next<Value>(_ wanted: (GroupEvent) -> Value?) async throws -> Value {
    while true {
      let event: GroupEvent? = state.withLock { state in
        guard state.read < state.all.count else { return nil }
        state.read += 1
        return state.all[state.read - 1]
      }
      if let event {
        if let value = wanted(event) { return value }
        continue
      }
      try Task.checkCancellation()
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let more = state.withLock { state in
            if state.read < state.all.count || Task.isCancelled { return true }
            state.waiter = continuation
            return false
          }
          if more { continuation.resume() }
        }
      } onCancel: {
        wake()
      }
    }
  }

  func assigned() async throws -> [TopicPartition] {
    try await next { if case .assigned(let partitions) = $0 { partitions } else { nil } }
  }

  func revoked() async throws -> [TopicPartition] {
    try await next { if case .revoked(let partitions) = $0 { partitions } else { nil } }
  }

  func lost() async throws -> [TopicPartition] {
    try await next { if case .lost(let partitions) = $0 { partitions } else { nil } }
  }

  func record() async throws -> LogRecord {
    try await next { if case .record(let record, _) = $0 { record } else { nil } }
  }

  func error() async throws -> KafkaError {
    try await next { if case .error(let error) = $0 { error } else { nil } }
  }

  func fenced() async throws -> KafkaError {
    try await next { if case .fenced(let error) = $0 { error } else { nil } }
  }
}
