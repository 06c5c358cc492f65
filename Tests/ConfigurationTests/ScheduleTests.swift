import Dispatch
import Scheduling
import Testing

@testable import Configuration

@Suite("Schedules and chains in the configuration")
struct ScheduleTests {
  @Test("all that a schedule may say arrives")
  func whole() throws {
    let configuration = try parse(
      """
      kafka: {bootstrap: "localhost:9092"}
      queues: {nightly: {}}
      scheduler: {in-workers: false, zone: Europe/London, horizon: 12h, clock-warning: 1s, clock-limit: 10s}
      jobs:
        load: {queue: nightly, run: [x], schedule: "29 1 * * *", spread: 5m, catch-up: all, not-after: "06:00", then: [mail]}
        tick: {queue: nightly, run: [x], every: 15m, zone: Asia/Kathmandu, catch-up: none, disabled: true}
        mail: {queue: nightly, run: [x]}
      """)
    let load = try #require(configuration.jobs["load"]?.schedule)
    #expect(load.signature == "0 29 1 * * * Europe/London" || load.signature == "29 1 * * * Europe/London")
    #expect(load.spreadMilliseconds == 300_000 && load.catchUp == .all && load.notAfter?.description == "06:00")
    #expect(!load.isDisabled && load.job == "load")
    let tick = try #require(configuration.jobs["tick"]?.schedule)
    #expect(tick.fireTimes.timing.description == "every 15m" && tick.catchUp == .none && tick.isDisabled)
    #expect(tick.fireTimes.zone.name == "Asia/Kathmandu")
    #expect(configuration.jobs["mail"]?.schedule == nil && configuration.jobs["load"]?.job.then == ["mail"])
    let scheduler = configuration.scheduler
    #expect(!scheduler.runsInWorkers && scheduler.horizonMilliseconds == 43_200_000)
    #expect(scheduler.clockWarningMilliseconds == 1_000 && scheduler.clockLimitMilliseconds == 10_000)
  }

  static let wrong: [(body: String, problem: String)] = [
    (
      "schedule: \"61 1 * * *\"",
      "3:12: 'schedule' in job 'j': "
    ),
    ("schedule: \"30 2 31 2 *\"", "3:"), ("schedule: \"*/0 * * * *\"", "3:14: 'schedule' in job 'j': a step of zero"),
    ("schedule: \"0 0 * MON *\"", "3:18: 'schedule' in job 'j': "),
    ("every: 0m", "3:8: 'every' in job 'j': an interval of zero never ends; write 1s or more"),
    (
      "schedule: '@daily'\nevery: 1h",
      "4:1: job 'j' has both 'schedule' and 'every'; keep one: 'schedule' for times by the clock, 'every' for equal times apart"
    ),
    (
      "zone: UTC",
      "3:1: 'zone' in job 'j' is for jobs with a schedule; add 'schedule: \"29 1 * * *\"' or 'every: 15m', or remove it"
    ),
    ("schedule: '@daily'\nzone: Europe/Londn", "4:7: 'zone' in job 'j': "),
    (
      "every: 1h\nnot-after: 25:00",
      "4:12: 'not-after' in job 'j' must be a time of the day, not '25:00'; write it as in \"06:00\""
    ),
    (
      "every: 1h\ncatch-up: last",
      "4:11: 'catch-up' in job 'j' must be one of latest, all, none, not 'last'; "
    ),
    (
      "every: 1h\nparams: {day: {type: date, required: true}}",
      "3:1: job 'j' has a schedule, and its param 'day' is required; give the param a default: a request of the schedule has no params"
    ),
    (
      "then: [k]",
      "3:8: 'then' in job 'j' names the unknown job 'k'; did you mean 'j'? known jobs: j"
    ),
    (
      "then: j",
      "3:7: the jobs 'j' -> 'j' follow each other without end; take one of them out of a 'then'"
    ),
    (
      "schedule: \"0 1 * * *\"\nspread: 20m\nnot-after: \"01:01\"",
      "5:12: the fire of job 'j' at "
    ),
  ]

  @Test("a fault is told with its place and a remedy", arguments: wrong)
  func isTold(_ fault: (body: String, problem: String)) {
    let found = jobProblems("queue: nightly\nrun: [x]\n" + fault.body)
    #expect(found.count == 1 && found[0].hasPrefix(fault.problem), "\(found)")
  }

  @Test("a cycle is named once, whole")
  func cycle() {
    let found = problems(
      head + """
        jobs:
          a: {queue: nightly, run: [x], then: [b, d]}
          b: {queue: nightly, run: [x], then: [c]}
          c: {queue: reports, run: [x], then: [a]}
          d: {queue: reports, run: [x]}
        """)
    #expect(
      found == [
        "5:39: the jobs 'a' -> 'b' -> 'c' -> 'a' follow each other without end; take one of them out of a 'then'"
      ], "\(found)")
  }

  @Test("a job that follows gets the params it needs")
  func params() {
    let found = problems(
      head + """
        jobs:
          a: {queue: nightly, run: [x], params: {day: date, size: integer}, then: [b]}
          b: {queue: nightly, run: [x], params: {day: {type: date, required: true}, size: string}}
        """)
    #expect(found.count == 2)
    #expect(found.allSatisfy { $0.hasPrefix("5:75: job 'b' follows 'a'") }, "\(found)")
  }

  @Test("ids must be remembered for longer than missed fires are looked for, by clocks that may be apart")
  func horizon() {
    func found(_ deduplication: String, _ scheduler: String = "{}") -> [String] {
      problems(
        """
        kafka: {bootstrap: "localhost:9092"}
        scheduler: \(scheduler)
        queues: {nightly: {deduplication: \(deduplication)}, other: {deduplication: 1h}}
        jobs: {a: {queue: nightly, run: [x], every: 1h}, b: {queue: other, run: [x]}}
        """)
    }
    let short = found("24h")
    #expect(short.count == 1 && short[0].hasPrefix("3:10: queue 'nightly' has jobs with schedules"), "\(short)")
    #expect(
      short[0].hasSuffix("to at least 86614s ('horizon' in scheduler and 214s), or lower 'horizon' or 'clock-limit'"),
      "\(short)")
    #expect(found("86613s").count == 1 && found("86614s").isEmpty)
    #expect(found("36h").isEmpty, "the default")
    #expect(found("70m", "{horizon: 1h, clock-limit: 4m, clock-warning: 1s}").count == 1)
    #expect(found("11m", "{horizon: 1m, clock-limit: 3m, clock-warning: 45s}").isEmpty)
    #expect(found("659s", "{horizon: 1m, clock-limit: 3m, clock-warning: 45s}").count == 1)
  }
}
