/// The pauses between tries of something that others must put right, each twice as long as the one before.
public struct Pause: Sendable {
  private var milliseconds: Int
  private let first: Int
  private let longest: Int

  /// - Parameters:
  ///   - first: the first pause, in milliseconds.
  ///   - longest: the longest, in milliseconds.
  public init(milliseconds first: Int = 100, upTo longest: Int) {
    (milliseconds, self.first, self.longest) = (first, first, longest)
  }

  /// Waits for the next one.
  /// - Throws: `CancellationError` at once when the task is cancelled.
  public mutating func pass() async throws {
    let now = milliseconds
    milliseconds = min(now * 2, longest)
    try await Task.sleep(for: .milliseconds(now))
  }

  /// It went well: the next trouble begins with the shortest.
  public mutating func reset() { milliseconds = first }
}
