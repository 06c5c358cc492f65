import Synchronization

/// A list that any thread adds to, and in which tests await what they are about.
final class Feed<Element: Sendable>: Sendable {
  private struct Waiter {
    let matches: @Sendable (Element) -> Bool
    let continuation: CheckedContinuation<Element?, Never>
  }

  private struct State {
    var elements: [Element] = []
    var waiters: [Int: Waiter] = [:]
    var lastNumber = 0
    var isEnded = false
  }

  private let state = Mutex(State())

  /// What has come so far.
  var all: [Element] { state.withLock { $0.elements } }

  func add(_ element: Element) {
    let ready = state.withLock { state in
      state.elements.append(element)
      let ready = state.waiters.filter { $0.value.matches(element) }
      for number in ready.keys { state.waiters[number] = nil }
      return ready.values.map(\.continuation)
    }
    for continuation in ready { continuation.resume(returning: element) }
  }

  /// Nothing more will come: those who wait are told so.
  func end() {
    let left = state.withLock { state in
      state.isEnded = true
      defer { state.waiters = [:] }
      return state.waiters.values.map(\.continuation)
    }
    for continuation in left { continuation.resume(returning: nil) }
  }

  /// The first element, past or to come, that matches.
  /// - Throws: `CancellationError` at the test's time limit, `Ended` when nothing more can come.
  func first(_ what: String = "", where matches: @escaping @Sendable (Element) -> Bool) async throws -> Element {
    let number = state.withLock { state in
      state.lastNumber += 1
      return state.lastNumber
    }
    let found = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Element?? = state.withLock { state in
          if let element = state.elements.first(where: matches) { return .some(element) }
          if state.isEnded || Task.isCancelled { return .some(nil) }
          state.waiters[number] = Waiter(matches: matches, continuation: continuation)
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.continuation.resume(returning: nil)
    }
    guard let found else {
      if Task.isCancelled { throw CancellationError() }
      throw Ended(what: what, last: all.suffix(20).map { "\($0)" })
    }
    return found
  }

  /// The source has ended before what was awaited came.
  struct Ended: Error, CustomStringConvertible {
    var what: String
    var last: [String]
    var description: String { "ended before \(what) came; the last were:\n" + last.joined(separator: "\n") }
  }
}

/// Lets a number of tests in at a time: each has workers, clients and processes of its own, and a machine few cores.
actor Slots {
  private var free: Int
  private var waiters: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) { free = count }

  func enter() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiters.append($0) }
    }
  }

  func leave() {
    if waiters.isEmpty { free += 1 } else { waiters.removeFirst().resume() }
  }
}
