import Dispatch
import KafkaLog
import Terminal
import Worker

/// Which workers are alive, as the group's coordinator sees it, and which queues they have.
struct GroupMembers: Sendable {
  struct Member: Sendable {
    /// The worker's name.
    var name: String
    var host: String
    /// In the order of the file.
    var queues: [String]
  }

  /// Nil if the coordinator did not tell.
  private var members: [Member]?
  private var isSettled = true
  /// Why it did not.
  private var reason = ""

  /// Asks the coordinator. That it does not answer is no reason to show nothing.
  static func load(_ context: Context) async -> GroupMembers {
    var found = GroupMembers()
    do {
      let configuration = context.configuration
      let group = try await context.withAdmin { try await $0.describe(group: configuration.kafka.group) }
      found.isSettled = group.isSettled
      found.members = group.members.map { member in
        Member(
          name: member.instanceID ?? member.id, host: member.host,
          queues: configuration.queueOrder.filter { queue in
            member.partitions.contains { $0.topic == configuration.requestsTopic(queue) }
          })
      }.sorted { $0.name < $1.name }
    } catch {
      found.reason = (error as? any UserFacingError)?.message ?? "\(error)"
    }
    return found
  }

  /// The worker that has a queue.
  func owner(of queue: String) -> String? { members?.first { $0.queues.contains(queue) }?.name }

  func write(to output: TerminalOutput) {
    guard let members else { return output.line(printable("workers: not known (\(reason))")) }
    if members.isEmpty { return output.line(output.styled("no worker is alive", .red)) }
    let words = members.map { member in
      "\(member.name) (\(member.queues.isEmpty ? "no queue" : member.queues.joined(separator: ", ")))"
    }
    output.line(
      printable("workers: " + words.joined(separator: ", ")) + (isSettled ? "" : "; queues are being handed out anew"))
  }

  var facts: [String: JSONValue] {
    guard let members else { return ["workers": .null, "workersUnknown": .string(reason)] }
    return [
      "workers": .array(
        members.map {
          .object([
            "name": .string($0.name), "host": .string($0.host), "queues": .array($0.queues.map(JSONValue.string)),
          ])
        }), "settled": .boolean(isSettled),
    ]
  }
}

extension ControlSnapshot {
  /// A scheduler that has said nothing for so long is gone: it looks at the clock every five minutes.
  private static let silenceMilliseconds: Int64 = 11 * 60_000
  /// One that has been gone for longer is left out where there are others.
  private static let memoryMilliseconds: Int64 = 2 * 86_400_000

  func writeSchedulers(to output: TerminalOutput, now: Timestamp) {
    let names = schedulers.keys.sorted()
    let alive = names.filter { isAlive($0, now: now) }
    if alive.isEmpty {
      let last = names.max { (schedulers[$0] ?? now) < (schedulers[$1] ?? now) }
      let words = last.map { ": the last was seen \(seen($0, now: now)), \($0)" } ?? ""
      return output.line(output.styled("no scheduler is alive\(words)", .red))
    }
    let shown = names.filter { name in (schedulers[name].map { now - $0 } ?? 0) < Self.memoryMilliseconds }
    let words = shown.map { alive.contains($0) ? $0 : "\($0) (seems gone: seen \(seen($0, now: now)))" }
    output.line(printable("schedulers: " + words.joined(separator: ", ")))
  }

  private func isAlive(_ name: String, now: Timestamp) -> Bool {
    schedulers[name].map { now - $0 < Self.silenceMilliseconds } ?? false
  }

  private func seen(_ name: String, now: Timestamp) -> String {
    schedulers[name].map { formatRelative(milliseconds: $0.milliseconds, now: now.milliseconds) } ?? "never"
  }

  var schedulerFacts: [String: JSONValue] {
    let now = Timestamp.now
    return [
      "schedulers": .array(
        schedulers.sorted { $0.key < $1.key }.map { name, time in
          .object([
            "name": .string(name), "seen": .string(time.description), "alive": .boolean(isAlive(name, now: now)),
          ])
        })
    ]
  }
}
