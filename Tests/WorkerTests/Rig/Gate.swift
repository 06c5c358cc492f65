import Foundation
import Glibc

/// Where a runner waits until the test lets it through: `gate(name)` in its script.
struct Gate: Sendable {
  private let descriptor: Int32

  /// - Throws: when the named pipe cannot be made.
  init(_ path: String) throws {
    guard mkfifo(path, 0o600) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    // Open at both ends, so that neither side ever waits for the other to open it.
    descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
  }

  /// Lets as many pass as are there or will come.
  func open(_ count: Int = 1) {
    _ = write(descriptor, [UInt8](repeating: 1, count: count), count)
  }

  func remove() { close(descriptor) }
}

/// Sees that a process and all that it started are gone: they hold the writing end of a pipe, `witness(name)` in a script.
final class Witness: Sendable {
  private let descriptor: Int32

  init(_ path: String) throws {
    guard mkfifo(path, 0o600) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
  }

  /// Waits until nobody holds it any more; somebody must have held it before.
  func gone() async throws {
    let (descriptor, answer) = (descriptor, Feed<Void>())
    Thread.detachNewThread {
      var poll = pollfd(fd: descriptor, events: 0, revents: 0)
      while Glibc.poll(&poll, 1, -1) < 1 || poll.revents & Int16(POLLHUP) == 0 {}
      answer.add(())
    }
    try await answer.first("the last holder's end") { _ in true }
  }

  func remove() { close(descriptor) }
}
