import KafkaLog
import Telemetry
import Testing

@testable import Worker

/// Time passes only where a pause is made.
private final class Course {
  let watch = NameWatch(name: "GREEN", group: "g", sessionMilliseconds: 6_000, logger: .discarding)
  private let start = ContinuousClock.now
  private var milliseconds = 0
  private(set) var questions = 0

  /// Answers each question by the time that has passed, in milliseconds.
  func run(_ answer: (Int) throws -> TopicAdmin.Group) async throws -> NameWatch.Holder {
    try await watch.watch(
      describe: {
        questions += 1
        return try answer(milliseconds)
      }, now: { start + .milliseconds(milliseconds) }, pause: { milliseconds += 500 })
  }
}

private func group(_ ids: String..., isSettled: Bool = true) -> TopicAdmin.Group {
  var members = ids.map { TopicAdmin.Group.Member(id: $0, instanceID: "GREEN", host: "/10.0.0.1") }
  members.insert(.init(id: "BLUE-1", instanceID: "BLUE", host: "/10.0.0.2"), at: 0)
  members.append(.init(id: "other", instanceID: nil, host: "/10.0.0.3"))
  return TopicAdmin.Group(isSettled: isSettled, members: members)
}

private let outage = KafkaError(code: -195, doing: "describe group g")

@Suite("Who has a fenced worker's name")
struct NameWatchTests {
  @Test("a name that no member has is free at once")
  func free() async throws {
    let course = Course()
    #expect(try await course.run { _ in group() } == .nobody)
    #expect(course.questions == 1)
  }

  @Test("a member that loses its session was a shadow")
  func shadow() async throws {
    #expect(try await Course().run { $0 < 6_000 ? group("GREEN-1") : group() } == .nobody)
  }

  @Test("a member that outlives its session is another worker")
  func living() async throws {
    var last = 0
    let holder = try await Course().run { time in
      last = time
      return group("GREEN-1")
    }
    #expect(holder == .another && (7_001...7_500).contains(last), "\(last)")
  }

  @Test("while the group is being arranged, no session runs out")
  func unsettled() async throws {
    #expect(
      try await Course().run {
        $0 < 60_000 ? group("GREEN-1", isSettled: false) : $0 < 66_000 ? group("GREEN-1") : group()
      }
        == .nobody)
  }

  @Test("a new member gets a session of its own")
  func changes() async throws {
    #expect(try await Course().run { $0 < 20_000 ? group("GREEN-\($0 / 5_000)") : group() } == .nobody)
    #expect(try await Course().run { group("GREEN-\(min(4, $0 / 5_000))") } == .another)
  }

  @Test("a coordinator that is away for a while is asked again; one that stays away is an error")
  func silence() async throws {
    #expect(try await Course().run { if $0 < 9_500 { throw outage } else { group() } } == .nobody)
    let course = Course()
    let error = await #expect(throws: KafkaError.self) { _ = try await course.run { _ in throw outage } }
    #expect(error == outage && course.questions == 21, "10 s in pauses of half a second")
    // A silence begins with the last answer.
    #expect(
      try await Course().run { if $0 == 0 || $0 > 9_000 { group("GREEN-1") } else { throw outage } } == .another)
  }

  @Test("an error that trying again cannot mend is told at once")
  func forbidden() async throws {
    let course = Course()
    await #expect(throws: KafkaError.self) {
      _ = try await course.run { _ in throw KafkaError(code: 30, doing: "describe group g") }
    }
    #expect(course.questions == 1)
  }
}
