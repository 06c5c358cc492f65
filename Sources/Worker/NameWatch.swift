import KafkaLog
import Telemetry

/// Finds out whether another process works under this worker's name, after the group has fenced this one.
///
/// A member may also be fenced by its own shadow: the coordinator took its request to join, the answer was lost, and the
/// member that it made answers to nobody. What the group tells of a member cannot tell the two apart, since a static
/// member that is replaced keeps its predecessor's client id and host. But a process that lives keeps its session, and a
/// shadow loses it.
struct NameWatch: Sendable {
  /// Who has the name.
  enum Holder: Sendable, Hashable {
    case nobody
    /// A process that has kept its session.
    case another
  }

  let name: String
  let group: String
  let sessionMilliseconds: Int64
  /// How long the coordinator may give no answer.
  var silenceMilliseconds: Int64 = 10_000
  let logger: Logger

  private static let marginMilliseconds: Int64 = 1_000

  /// Watches until the name is free, or its holder has outlived a session.
  /// - Throws: `KafkaError` where the group cannot be asked, `CancellationError`.
  func run(_ settings: KafkaSettings) async throws -> Holder {
    var pauses = Pause(upTo: 500)
    return try await watch(describe: { try await describe(settings) }, pause: { try await pauses.pass() })
  }

  /// Asks with a new client each time: one that asked before keeps to the coordinator that it found, moved or not.
  private func describe(_ settings: KafkaSettings) async throws -> TopicAdmin.Group {
    var settings = settings
    settings.operationTimeoutMilliseconds = Int(silenceMilliseconds) / 3
    let admin = try TopicAdmin(settings: settings, logger: logger)
    do {
      let group = try await admin.describe(group: group)
      await admin.close()
      return group
    } catch {
      await admin.close()
      throw error
    }
  }

  /// The same with the question, the time and the pauses given.
  func watch(
    describe: () async throws -> TopicAdmin.Group, now: () -> ContinuousClock.Instant = { .now },
    pause: () async throws -> Void
  ) async throws -> Holder {
    var answered = now()
    var seen: (id: String, since: ContinuousClock.Instant)?
    while true {
      do {
        let group = try await describe()
        answered = now()
        guard let holder = group.members.first(where: { $0.instanceID == name }) else { return .nobody }
        if seen == nil {
          logger.warning(
            "the group has a member of this name; within a session it shows whether that is a living worker",
            ["name": name, "member": holder.id, "host": holder.host])
        }
        if let (id, since) = seen, id == holder.id, group.isSettled {
          if answered - since > .milliseconds(sessionMilliseconds + NameWatch.marginMilliseconds) { return .another }
        } else {
          // While the group is being arranged, the coordinator waits for a member longer than its session.
          seen = (holder.id, answered)
        }
      } catch let error as KafkaError {
        guard error.isRetriable || error.isTimeout, now() - answered < .milliseconds(silenceMilliseconds) else {
          throw error
        }
        logger.debug("\(error)")
      }
      try await pause()
    }
  }
}
