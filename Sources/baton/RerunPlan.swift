import Configuration
import Dispatch
import KafkaLog
import Terminal
import Worker

/// What `rerun` would run: the job, and what follows on it.
struct RerunPlan: Sendable {
  /// A run of the plan.
  struct Step: Sendable {
    var job: String
    var queue: String
    /// How many runs it comes after; 0 for the first.
    var depth: Int
    /// Milliseconds; nil if it has not succeeded lately.
    var usual: Int64?
    /// Why it would not run, or not yet.
    var notes: [String] = []
  }

  private(set) var steps: [Step] = []

  /// - Parameter withDependents: whether the jobs that follow are in it, each after the one that it follows.
  /// - Throws: `CommandError` for more runs than a person would look through.
  init(_ job: String, withDependents: Bool, _ configuration: Configuration) throws {
    try add(job, depth: 0, withDependents, configuration)
  }

  private static let stepsMax = 1_000

  private mutating func add(_ name: String, depth: Int, _ goesOn: Bool, _ configuration: Configuration) throws {
    let job = try configuration.job(name).job
    guard steps.count < Self.stepsMax else {
      throw CommandError("more than \(Self.stepsMax) runs would follow on \(steps[0].job)")
    }
    steps.append(Step(job: name, queue: job.queue, depth: depth))
    guard goesOn else { return }
    for next in job.then { try add(next, depth: depth + 1, goesOn, configuration) }
  }

  /// Fills in how long the runs take, and what is paused.
  mutating func complete(_ durations: UsualDurations, _ control: ControlSnapshot, now: Timestamp) {
    for index in steps.indices {
      let step = steps[index]
      steps[index].usual = durations.usual(step.job)
      let words = [
        control.words(.job(step.job), now: now), control.words(.queue(step.queue), now: now),
        control.standstill(of: step.queue, now: now),
      ]
      steps[index].notes = words.compactMap { $0 }
    }
  }

  func write(to output: TerminalOutput) {
    var table = Table([
      .init("JOB", canBeCut: false), .init("QUEUE"), .init("USUALLY TAKES", .right), .init("NOTE"),
    ])
    for step in steps {
      let indent = step.depth == 0 ? "" : String(repeating: "  ", count: step.depth - 1) + "then "
      table.add([
        Table.Cell(indent + step.job), Table.Cell(step.queue),
        Table.Cell(step.usual.map { formatDuration(milliseconds: $0) } ?? "-"),
        Table.Cell(step.notes.joined(separator: "; "), .yellow),
      ])
    }
    table.write(to: output)
    let total = steps.compactMap(\.usual).reduce(0, +)
    if steps.count > 1, total > 0 {
      output.line("\(steps.count) runs, one after another usually \(formatDuration(milliseconds: total))")
    }
  }

  var facts: JSONValue {
    .object([
      "plan": .array(
        steps.map { step in
          .object([
            "job": .string(step.job), "queue": .string(step.queue), "depth": .integer(Int64(step.depth)),
            "usualMilliseconds": step.usual.map(JSONValue.integer) ?? .null,
            "notes": .array(step.notes.map(JSONValue.string)),
          ])
        })
    ])
  }
}
