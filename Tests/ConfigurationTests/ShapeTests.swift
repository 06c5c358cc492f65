import Dispatch
import Testing

@testable import Configuration

@Suite("A configuration that is right")
struct ShapeTests {
  static let whole = """
    kafka: {bootstrap: "${BATON_KAFKA:-localhost:9092}", properties: {security.protocol: ssl, retries: 7}, group: G-1, prefix: b.x}
    queues: {nightly: {deduplication: 48h, description: At night}, reports: {}, empty: }
    connections:
      tis: "postgres://sync@db/tis"
      people: "sqlite:people.db"
      lines: "jsonl:./out"
      absolute: sqlite:/srv/a.db
    jobs:
      person-search:
        queue: nightly
        description: Copy persons for the search page
        sync: {from: tis, query: "SELECT id FROM person WHERE a::int = :since", key: [id, b], to: people, table: person, mode: replace}
        chunk: {rows: 5000, bytes: 8MiB}
        memory: 256MiB
        attempts: 6
        crashes: 2
        backoff: {initial: 1s, max: 10m, factor: 1.5}
        timeout: 2h
        when-waiting: coalesce
        expires: 6h
        params: {since: integer}
      report:
        queue: reports
        run: ["/usr/local/bin/report", "--date", "${params.date}", 5]
        environment: {LEVEL: 3, FLAG: true, EMPTY: ""}
        directory: reports
        params: {date: {type: date, required: true}}
    worker: {name: GREEN, session-timeout: 10s, shutdown: 1m, log: {level: debug, format: json}}
    """

  @Test("every key arrives")
  func whole() throws {
    let configuration = try parse(Self.whole)
    #expect(configuration.kafka.bootstrap == "localhost:9092")
    #expect(configuration.kafka.properties.map(\.description) == ["security.protocol=ssl", "retries=7"])
    #expect(configuration.kafka.group == "G-1")
    #expect(configuration.kafka.prefix == "b.x")
    #expect(configuration.queueOrder == ["nightly", "reports", "empty"])
    #expect(
      configuration.queues["nightly"]
        == QueueOptions(deduplicationMilliseconds: 172_800_000, description: "At night"))
    #expect(configuration.queues["empty"] == QueueOptions())
    #expect(configuration.connections["people"] == .sqlite(path: "/etc/baton/people.db"))
    #expect(configuration.connections["lines"] == .jsonLines(path: "/etc/baton/out"))
    #expect(configuration.connections["absolute"] == .sqlite(path: "/srv/a.db"))
    #expect(configuration.connections["tis"] == .postgres(url: Secret("postgres://sync@db/tis")))
    #expect(configuration.jobOrder == ["person-search", "report"])
    let options = WorkerOptions(
      name: "GREEN", sessionTimeoutMilliseconds: 10_000, shutdownMilliseconds: 60_000,
      log: WorkerOptions.LogOptions(level: .debug, format: .json))
    #expect(configuration.worker == options)
    #expect(configuration.file == "/etc/baton/baton.yaml")

    let person = try #require(configuration.jobs["person-search"])
    let backoff = Job.Backoff(initialMilliseconds: 1_000, maxMilliseconds: 600_000, factor: 1.5)
    let job = Job(
      name: "person-search", queue: "nightly", parameters: [Job.Parameter(name: "since", type: .integer)], attempts: 6,
      crashes: 2, backoff: backoff, timeoutMilliseconds: 7_200_000, whenWaiting: .coalesce)
    #expect(person.job == job)
    #expect(person.description == "Copy persons for the search page")
    #expect(person.chunk == ChunkLimits(rows: 5000, bytes: 8_388_608))
    #expect(person.memoryBytes == 268_435_456)
    #expect(person.expiresMilliseconds == 21_600_000)
    let query = "SELECT id FROM person WHERE a::int = :since"
    let sync = SyncDefinition(
      from: "tis", source: .query(query), key: ["id", "b"], to: "people", target: .table("person"), mode: .replace)
    #expect(person.work == .sync(sync))

    let report = try #require(configuration.jobs["report"])
    guard case .command(let command) = report.work else {
      Issue.record("no command")
      return
    }
    #expect(command.arguments.map(\.description) == ["/usr/local/bin/report", "--date", "${params.date}", "5"])
    #expect(command.environment.mapValues { $0.reveal() } == ["LEVEL": "3", "FLAG": "true", "EMPTY": ""])
    #expect(command.directory == "/etc/baton/reports")
    #expect(report.job.parameters == [Job.Parameter(name: "date", type: .date, isRequired: true)])
  }

  @Test("what is left out has its default")
  func defaults() throws {
    let configuration = try parse("kafka: {bootstrap: a}")
    #expect(configuration.kafka == KafkaOptions(bootstrap: "a", properties: [], group: "baton", prefix: "baton"))
    #expect(configuration.worker == WorkerOptions())
    #expect(configuration.worker.sessionTimeoutMilliseconds == 6_000)
    #expect(configuration.queues.isEmpty && configuration.jobs.isEmpty)
    let definition = try job("queue: nightly\nrun: [a]")
    #expect(definition.job == Job(name: "j", queue: "nightly"))
    #expect(definition.chunk == ChunkLimits())
    #expect(definition.memoryBytes == nil && definition.expiresMilliseconds == nil)
  }

  @Test("topics are named by prefix and queue, and always short enough for Kafka")
  func topics() throws {
    let long = String(repeating: "q", count: 100)
    let configuration = try parse("kafka: {bootstrap: a, prefix: \(long)}\nqueues: {\(long): {}}")
    let declarations = TopicDeclaration.declarations(for: configuration)
    #expect(
      declarations.map(\.name) == [
        "\(long).\(long).requests", "\(long).\(long).events", "\(long).control", "\(long).dead-letters",
      ])
    #expect(declarations.allSatisfy { $0.name.utf8.count <= 249 && $0.partitions == 1 })
  }

  @Test("JSON Lines on either side: a folder with a file in it, or the file itself")
  func jsonLines() throws {
    guard
      case .sync(let copy) = try job(
        "queue: nightly\nsync: {from: lines, source-file: a.jsonl, key: id, to: lines, file: sub/b.jsonl}"
      ).work
    else {
      Issue.record("no sync")
      return
    }
    #expect(copy.source == .file(path: "/etc/baton/out/a.jsonl"))
    #expect(copy.target == .file(path: "/etc/baton/out/sub/b.jsonl"))
    #expect(copy.mode == .append)
    #expect(copy.key == ["id"])
    guard case .sync(let whole) = try job("queue: nightly\nsync: {from: lines, key: id, to: people, table: t}").work
    else {
      Issue.record("no sync")
      return
    }
    #expect(whole.source == .file(path: "/etc/baton/out"))
    #expect(whole.mode == .upsert)
  }

  @Test("aliases stand for scalars, lists and mappings")
  func aliases() throws {
    let configuration = try parse(
      head + """
        jobs:
          a: {queue: &q nightly, run: &run [x, y], chunk: &c {rows: 3}, timeout: &t 5s}
          b: {queue: *q, run: *run, chunk: *c, expires: *t}
        """)
    #expect(configuration.jobs["b"]?.job.queue == "nightly")
    #expect(configuration.jobs["b"]?.chunk.rows == 3)
    #expect(configuration.jobs["b"]?.expiresMilliseconds == 5_000)
    #expect(configuration.jobs["a"]?.work == configuration.jobs["b"]?.work)
  }

  @Test("params: shorthand, defaults, allowed values, canonical numbers")
  func params() throws {
    let definition = try job(
      """
      queue: nightly
      run: [x]
      params:
        a: {}
        b: {type: number, default: 5.0}
        c: {type: number, default: -1.5e3, allowed: [-1500, 2.5]}
        d: {type: boolean, default: true}
        e: {type: date, default: 2024-02-29}
        f: {type: timestamp, default: "2026-11-24T01:29:00+01:00"}
        g: {type: string, default: "", allowed: ["", "5"]}
        h: boolean
        i: {type: integer, default: -9223372036854775808}
      """)
    let values = Dictionary(uniqueKeysWithValues: definition.job.parameters.map { ($0.name, $0) })
    #expect(definition.job.parameters.map(\.name) == ["a", "b", "c", "d", "e", "f", "g", "h", "i"])
    #expect(values["a"] == Job.Parameter(name: "a", type: .string))
    #expect(values["b"]?.defaultValue == .number(5))
    #expect(values["c"]?.defaultValue == .number(-1500))
    #expect(values["c"]?.allowed == [.number(-1500), .number(2.5)])
    for params in [[:], ["c": .integer(-1500)], ["c": .number(2.5)]] as [[String: JSONValue]] {
      #expect((try? definition.job.resolve(params).get())?["c"] == params["c", default: .number(-1500)].asNumber)
    }
    #expect((try? definition.job.resolve(["c": .integer(2)]).get()) == nil)
    #expect(values["d"]?.defaultValue == .boolean(true))
    #expect(values["e"]?.defaultValue == .string("2024-02-29"))
    #expect(values["g"]?.allowed == [.string(""), .string("5")])
    #expect(values["h"]?.type == .boolean)
    #expect(values["i"]?.defaultValue == .integer(.min))
  }

  @Test("the template runs as it is, and its commented parts are right too")
  func template() throws {
    let configuration = try parse(Configuration.template)
    #expect(configuration.connections["sample"] == .sqlite(path: "/etc/baton/sample.db"))
    #expect(configuration.connections["people"] == .sqlite(path: "/etc/baton/people.db"))
    #expect(configuration.jobOrder == ["person-search", "hello"])
    guard case .command(let hello) = configuration.jobs["hello"]?.work else {
      Issue.record("no command")
      return
    }
    #expect(hello.resolve(params: [:]) == ["/bin/echo", "Hello,", "world"])
    let lines = Configuration.template.split(separator: "\n", omittingEmptySubsequences: false)
    let worker = lines.drop { !$0.hasPrefix("# worker:") }.map { $0.dropFirst(2) }.joined(separator: "\n")
    #expect(try parse(head + worker).worker.name == "green")
  }
}

extension JSONValue {
  /// A whole number as a param of type `number` carries it.
  fileprivate var asNumber: JSONValue { if case .integer(let whole) = self { .number(Double(whole)) } else { self } }
}
