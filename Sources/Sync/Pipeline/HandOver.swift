import Glibc

/// The bounded hand-over between the thread that reads and the one that writes: two chunks, used in turn.
///
/// The reader fills an empty chunk and passes it on; the writer gives it back when it is in the sink. Since there are two
/// chunks in all, one is read while one is written and no third ever exists.
///
/// `@unchecked Sendable`: every property is read and written under `mutex` only, and a chunk is touched only by the side
/// that took it out.
final class HandOver: @unchecked Sendable {
  /// What the reader passes on.
  enum Item {
    case chunk(Chunk)
    case fault(any Error)
  }

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var empty: [Chunk]
  private var filled: [Item] = []
  private var isStopped = false

  init(columnCount: Int) {
    empty = [Chunk(columnCount: columnCount), Chunk(columnCount: columnCount)]
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  /// Frees the locks. Neither side may use the hand-over afterwards.
  func close() {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// For the reader: an empty chunk, as soon as there is one; nil when the writer has stopped.
  func takeEmpty() -> Chunk? {
    locked {
      while empty.isEmpty, !isStopped { pthread_cond_wait(changed, mutex) }
      return isStopped ? nil : empty.removeLast()
    }
  }

  /// For the reader.
  func pass(_ item: Item) {
    locked {
      filled.append(item)
      pthread_cond_broadcast(changed)
    }
  }

  /// For the writer: what the reader has passed on, as soon as there is something.
  func take() -> Item {
    locked {
      while filled.isEmpty { pthread_cond_wait(changed, mutex) }
      return filled.removeFirst()
    }
  }

  /// For the writer.
  func giveBack(_ chunk: Chunk) {
    chunk.removeAll()
    locked {
      empty.append(chunk)
      pthread_cond_broadcast(changed)
    }
  }

  /// For the writer: it takes nothing more.
  func stop() {
    locked {
      isStopped = true
      pthread_cond_broadcast(changed)
    }
  }

  private func locked<T>(_ body: () -> T) -> T {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }
}

/// A thread that runs one closure, and can be waited for.
struct WorkThread {
  private let thread: pthread_t

  private final class Box {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  /// - Throws: `SyncFault`, retriable, when the system has no thread to give.
  init(_ body: @escaping @Sendable () -> Void) throws {
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, box.toOpaque())
    guard code == 0 else {
      box.release()
      throw SyncFault("no thread for the reader: \(String(cString: strerror(code)))", isRetriable: true)
    }
    self.thread = thread
  }

  func join() { pthread_join(thread, nil) }
}
