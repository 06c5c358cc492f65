import Synchronization

/// A queue that any thread puts into and one task takes from, in order.
///
/// What goes in is bounded by those who put: each answers a command of the worker, or is fetched only while the fetch
/// is not paused.
final class Mailbox<Message: Sendable>: Sendable {
  private struct State {
    var messages: [Message] = []
    var waiter: CheckedContinuation<[Message], Never>?
    var isClosed = false
  }

  private let state = Mutex(State())

  /// Puts a message; after `close` it is dropped.
  func post(_ message: Message) {
    let waiter: CheckedContinuation<[Message], Never>? = state.withLock { state in
      guard !state.isClosed else { return nil }
      guard let waiter = state.waiter else {
        state.messages.append(message)
        return nil
      }
      state.waiter = nil
      return waiter
    }
    waiter?.resume(returning: [message])
  }

  /// All that has come since the last call, or, if that is nothing, the next message. Empty after `close`.
  func next() async -> [Message] {
    await withCheckedContinuation { continuation in
      let ready: [Message]? = state.withLock { state in
        if state.messages.isEmpty, !state.isClosed {
          state.waiter = continuation
          return nil
        }
        defer { state.messages = [] }
        return state.messages
      }
      if let ready { continuation.resume(returning: ready) }
    }
  }

  func close() {
    let waiter = state.withLock { state in
      state.isClosed = true
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: [])
  }
}
