import CRdkafka
import Glibc
import Synchronization

/// The one thread that serves a client of the library, and runs the jobs of the actor that owns the client.
///
/// It waits without end in `rd_kafka_queue_poll`; whoever brings work wakes it with `rd_kafka_queue_yield`. So there
/// is no polling interval, and a call into C blocks this thread at most, never Swift's cooperative pool.
///
/// Sendable: what other threads touch is under `inbox`'s lock; the rest is touched on the thread itself alone.
final class ClientThread: SerialExecutor, @unchecked Sendable {
  private enum Work {
    case job(UnownedJob)
    case closure(@Sendable () -> Void)
  }

  private struct Inbox {
    var work: [Work] = []
    /// A wake-up is under way, so another one is not needed.
    var woken = false
    /// The queues may be yielded. False once teardown begins.
    var hasQueues = true
    /// The thread takes no more work; what comes goes to `ClosedClients`.
    var ended = false
    var thread: pthread_t?
  }

  let client: OpaquePointer
  let queue: OpaquePointer
  /// A queue where nothing ever arrives, waited on while events are not wanted.
  private let quietQueue: OpaquePointer
  private let inbox = Mutex(Inbox())

  /// Thread-confined: false leaves events in the library's queue, which bounds its prefetching by itself.
  var takesEvents = true
  /// Thread-confined: called after every wake-up and event.
  var onPass: (() -> Void)?
  private var timers: [(due: UInt64, action: () -> Void)] = []
  private var stopping = false
  private var onEnded: [@Sendable () -> Void] = []

  /// Takes over the client and one reference to its queue.
  init(client: OpaquePointer, queue: OpaquePointer) {
    self.client = client
    self.queue = queue
    self.quietQueue = rd_kafka_queue_new(client)
  }

  /// Starts the thread.
  /// - Parameters:
  ///   - onEvent: called on the thread with each event, which is destroyed after it returns.
  ///   - teardown: called once on the thread, last of all, with the client still whole; it must destroy it.
  func start(
    name: String, onEvent: @escaping @Sendable (ClientEvent) -> Void,
    teardown: @escaping @Sendable (OpaquePointer) -> Void
  ) {
    // Signals belong to the program's own threads.
    var everySignal = sigset_t()
    var before = sigset_t()
    sigfillset(&everySignal)
    pthread_sigmask(SIG_SETMASK, &everySignal, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

    let start = Unmanaged.passRetained(
      ThreadStart(name: String(name.prefix(15))) { [self] in
        inbox.withLock { $0.thread = pthread_self() }
        run(onEvent)
        end(teardown)
      })
    var thread = pthread_t()
    let status = pthread_create(&thread, nil, threadMain, start.toOpaque())
    precondition(status == 0, "no thread for a Kafka client: \(String(cString: strerror(status)))")
    pthread_detach(thread)
  }

  // MARK: Bringing work

  func enqueue(_ job: consuming ExecutorJob) { enqueue(.job(UnownedJob(job))) }

  /// Runs the closure on the thread, after all that was brought before. Callable from any thread.
  func enqueue(_ closure: @escaping @Sendable () -> Void) { enqueue(.closure(closure)) }

  private func enqueue(_ work: Work) {
    let late = inbox.withLock { inbox in
      if inbox.ended { return true }
      inbox.work.append(work)
      if !inbox.woken && inbox.hasQueues {
        inbox.woken = true
        // Under the lock, so that teardown cannot take the queues away meanwhile.
        rd_kafka_queue_yield(queue)
        rd_kafka_queue_yield(quietQueue)
      }
      return false
    }
    if late { ClosedClients.shared.enqueue { [self] in perform(work) } }
  }

  /// Asks the thread to end after the work in hand. `then` is called when the client is gone. Callable on the
  /// thread only.
  func stop(then: @escaping @Sendable () -> Void) {
    stopping = true
    onEnded.append(then)
  }

  /// Ends the thread and waits for it; at once if it has ended.
  func stopAndWait() async {
    await withCheckedContinuation { continuation in
      enqueue { [self] in
        if inbox.withLock({ $0.ended }) { continuation.resume() } else { stop { continuation.resume() } }
      }
    }
  }

  /// Calls the action on the thread after so long. Thread only.
  func after(milliseconds: Int, _ action: @escaping () -> Void) {
    let due = monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
    let place = timers.firstIndex { $0.due > due } ?? timers.endIndex
    timers.insert((due, action), at: place)
  }

  /// Serves the events that are there already, without waiting: for work that blocks the thread and then needs to know
  /// what came meanwhile. Thread only.
  func serveArrived(_ onEvent: (ClientEvent) -> Void) {
    // A wake-up that is still due makes one poll come back with nothing.
    var empty = 0
    while empty < 2 {
      guard let event = rd_kafka_queue_poll(queue, 0) else {
        empty += 1
        continue
      }
      onEvent(ClientEvent(event))
      rd_kafka_event_destroy(event)
    }
  }

  // MARK: On the thread

  private func run(_ onEvent: (ClientEvent) -> Void) {
    while true {
      drain()
      onPass?()
      if stopping { break }
      // Work that came while the last was done may have had its wake-up taken by a poll within that work.
      var timeout: Int32 = inbox.withLock { $0.work.isEmpty } ? -1 : 0
      if let first = timers.first {
        let now = monotonicNanoseconds()
        if now >= first.due {
          timers.removeFirst().action()
          continue
        }
        if timeout != 0 { timeout = Int32(clamping: (first.due - now) / 1_000_000 + 1) }
      }
      guard let event = rd_kafka_queue_poll(takesEvents ? queue : quietQueue, timeout) else { continue }
      onEvent(ClientEvent(event))
      rd_kafka_event_destroy(event)
    }
    // They hold on to the actor.
    timers = []
    onPass = nil
  }

  /// Runs the work that had come when it was called. Returns whether there was any.
  @discardableResult
  private func drain() -> Bool {
    let work = inbox.withLock { inbox in
      inbox.woken = false
      return exchange(&inbox.work, with: [])
    }
    for one in work { perform(one) }
    return !work.isEmpty
  }

  private func perform(_ work: Work) {
    switch work {
    case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
    case .closure(let closure): closure()
    }
  }

  private func end(_ teardown: (OpaquePointer) -> Void) {
    inbox.withLock { $0.hasQueues = false }
    rd_kafka_queue_destroy(quietQueue)
    // A group's queue must be let go before its consumer is closed.
    rd_kafka_queue_destroy(queue)
    teardown(client)
    while true {
      if drain() { continue }
      let ended = inbox.withLock { inbox in
        inbox.ended = inbox.work.isEmpty
        return inbox.ended
      }
      if ended { break }
    }
    for then in exchange(&onEnded, with: []) { then() }
  }

  // MARK: SerialExecutor

  func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  func isIsolatingCurrentContext() -> Bool? {
    inbox.withLock { inbox in
      if inbox.ended { return ClosedClients.shared.isCurrent }
      return inbox.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false
    }
  }

  func checkIsolated() {
    precondition(isIsolatingCurrentContext() == true, "not on the thread of this Kafka client")
  }
}

/// Replaces a value and gives the old one.
func exchange<Value>(_ place: inout Value, with value: Value) -> Value {
  let old = place
  place = value
  return old
}

func monotonicNanoseconds() -> UInt64 {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}
