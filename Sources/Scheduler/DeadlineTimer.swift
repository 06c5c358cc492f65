import Glibc

/// A timer for one moment of a clock at a time. It keeps its moment when the wall clock is set.
///
/// Sendable: `due` and `isClosed` are under `mutex`; the rest never changes.
final class DeadlineTimer: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let change = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var due: Int64?
  private var isClosed = false
  private let fire: @Sendable () -> Void

  /// What its moments are moments of.
  enum Clock {
    /// Milliseconds since 1970.
    case wall
    /// Milliseconds of `ClockReading.elapsed`.
    case elapsed
  }

  /// - Parameter fire: called on the timer's own thread.
  init(_ clock: Clock, fire: @escaping @Sendable () -> Void) {
    self.fire = fire
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, clock == .wall ? CLOCK_REALTIME : CLOCK_MONOTONIC)
    pthread_cond_init(change, &attributes)
    pthread_condattr_destroy(&attributes)
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self)
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<DeadlineTimer>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    precondition(status == 0, "no thread for a timer: \(String(cString: strerror(status)))")
    pthread_detach(thread)
  }

  /// Fires once at the moment, in the clock's milliseconds; at once if it has passed. It replaces the moment before.
  func set(_ moment: Int64?) {
    pthread_mutex_lock(mutex)
    due = moment
    pthread_cond_signal(change)
    pthread_mutex_unlock(mutex)
  }

  /// Ends the thread; it fires no more after a call that may be under way.
  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_signal(change)
    pthread_mutex_unlock(mutex)
  }

  private func run() {
    // The program's signals are for its other threads.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, nil)
    pthread_mutex_lock(mutex)
    while !isClosed {
      guard let due else {
        pthread_cond_wait(change, mutex)
        continue
      }
      var moment = timespec(tv_sec: Int(due / 1000), tv_nsec: Int(due % 1000) * 1_000_000)
      let status = pthread_cond_timedwait(change, mutex, &moment)
      // Set anew meanwhile: another moment counts.
      guard status == ETIMEDOUT, self.due == due, !isClosed else { continue }
      self.due = nil
      pthread_mutex_unlock(mutex)
      fire()
      pthread_mutex_lock(mutex)
    }
    pthread_mutex_unlock(mutex)
    pthread_cond_destroy(change)
    pthread_mutex_destroy(mutex)
    change.deallocate()
    mutex.deallocate()
  }
}
