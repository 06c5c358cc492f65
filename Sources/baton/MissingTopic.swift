import Configuration
import KafkaLog
import Terminal

/// A topic of the configuration that the cluster does not have: `topics apply` was never run, or not since a queue was
/// added. It concerns one queue, and not those beside it.
struct MissingTopic: UserFacingError, Equatable {
  var topic: String

  var message: String { "topic '\(topic)' does not exist: create it with `baton topics apply`" }
  var exitCode: Int32 { 3 }
}

extension Context {
  /// The topic that an error is about.
  /// - Parameter queue: whose requests were asked about where the error names no topic.
  /// - Returns: nil for any other error.
  func missingTopic(_ error: any Error, queue: String? = nil) -> MissingTopic? {
    if let error = error as? MissingTopic { return error }
    guard let error = error as? KafkaError, error.isUnknownTopic else { return nil }
    // The longest: a name may be the end of another.
    let named = TopicDeclaration.declarations(for: configuration).map(\.name)
      .filter { error.doing.contains($0 + "[") || error.doing.hasSuffix(" " + $0) }
      .max { $0.utf8.count < $1.utf8.count }
    return (named ?? queue.map(configuration.requestsTopic)).map(MissingTopic.init)
  }

  /// What is read of a queue, or which of its topics is missing.
  func reading<Result: Sendable>(
    _ queue: String, _ body: () async throws -> Result
  ) async throws -> Swift.Result<Result, MissingTopic> {
    do {
      return .success(try await body())
    } catch {
      guard let missing = missingTopic(error, queue: queue) else { throw error }
      return .failure(missing)
    }
  }

  /// Refuses to write to a topic that is missing: the client library would wait for it until its time is over.
  /// - Throws: `MissingTopic`.
  func require(_ topic: String) async throws {
    let count = try await withReader { try await $0.partitionCount(of: topic) }
    if count == nil { throw MissingTopic(topic: topic) }
  }
}
