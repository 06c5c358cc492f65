import CRdkafka
import Glibc
import Synchronization

/// One thread for what is still asked of clients that are closed: an actor's jobs must run somewhere, even if only
/// to say that it is closed. One for the whole process, so the jobs of each such actor stay in order.
///
/// Sendable: the list is under `mutex`; the rest never changes.
final class ClosedClients: @unchecked Sendable {
  static let shared = ClosedClients()

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var work: [@Sendable () -> Void] = []
  private var thread = pthread_t()

  private init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(arrival, nil)
    let start = Unmanaged.passRetained(ThreadStart(name: "kafka-closed") { [self] in run() })
    let status = pthread_create(&thread, nil, threadMain, start.toOpaque())
    precondition(status == 0, "no thread for closed Kafka clients: \(String(cString: strerror(status)))")
  }

  var isCurrent: Bool { pthread_equal(thread, pthread_self()) != 0 }

  func enqueue(_ closure: @escaping @Sendable () -> Void) {
    pthread_mutex_lock(mutex)
    work.append(closure)
    pthread_cond_signal(arrival)
    pthread_mutex_unlock(mutex)
  }

  private func run() {
    while true {
      pthread_mutex_lock(mutex)
      while work.isEmpty { pthread_cond_wait(arrival, mutex) }
      let taken = exchange(&work, with: [])
      pthread_mutex_unlock(mutex)
      for closure in taken { closure() }
    }
  }
}

/// What a new thread is to do, carried through C's `void *`.
final class ThreadStart: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}

func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
  rdkafka_shim_name_thread(start.name)
  start.body()
  return nil
}
