import Testing

@testable import Configuration

@Suite("Secrets are in no text")
struct SecretTests {
  /// Stands in every place where a secret can.
  static let marker = "hunter2"

  /// Every way to make text of a value.
  private func texts(_ value: Any) -> [String] {
    var dumped = ""
    dump(value, to: &dumped)
    return [String(describing: value), String(reflecting: value), "\(value)", dumped]
  }

  @Test("a whole configuration can be printed")
  func configuration() throws {
    let text = """
      kafka:
        bootstrap: a
        properties:
          sasl.username: hunter2
          sasl.password: "${SECRET}"
          ssl.keystore.password: hunter2
          ssl.key.pem: hunter2
          SSL.Key: hunter2
          oauth.client.secret: hunter2
          client.id: shown
      queues: {q: {}}
      connections:
        a: "postgres://u:hunter2@h/d"
        b: {url: "postgres://u@h/d", password: "${SECRET}"}
        c: {url: "postgres://h/d?sslmode=require", password: 'hunter2/@ ü%'}
      jobs:
        j:
          queue: q
          run: [x, "--token=${SECRET}"]
          environment: {TOKEN: "${SECRET}"}
      """
    let configuration = try parse(text, environment: ["SECRET": Self.marker])
    for text in texts(configuration) {
      #expect(!text.contains(Self.marker))
      #expect(text.contains("shown"))
    }
    #expect(
      configuration.kafka.properties.map(\.displayValue)
        == ["<secret>", "<secret>", "<secret>", "<secret>", "<secret>", "<secret>", "shown"])
    #expect(configuration.kafka.properties[1].value == Self.marker)
    #expect(configuration.connections["b"] == .postgres(url: Secret("postgres://u@h/d?password=hunter2")))
    #expect(
      configuration.connections["c"]
        == .postgres(url: Secret("postgres://h/d?sslmode=require&password=hunter2%2F%40%20%C3%BC%25")))
    guard case .command(let command) = configuration.jobs["j"]?.work else {
      Issue.record("no command")
      return
    }
    #expect(command.resolve(params: [:]) == ["x", "--token=hunter2"])
    #expect(command.arguments.map(\.description) == ["x", "--token=<secret>"])
  }

  @Test("a property that came from a file of secrets is hidden, whatever its name")
  func fromFile() throws {
    try withFolder { folder in
      write("hunter2\n", to: folder + "/s")
      let configuration = try parse("kafka: {bootstrap: a, properties: {client.id: '${file:\(folder)/s}'}}")
      #expect(configuration.kafka.properties.map(\.description) == ["client.id=<secret>"])
      #expect(configuration.kafka.properties.first?.value == "hunter2")
    }
  }

  @Test("no error shows what a reference stands for, or what stands where a secret belongs")
  func errors() {
    let text = """
      kafka: {bootstrap: "${SECRET} x", group: "${SECRET} x", properties: {sasl.password: [hunter2]}}
      queues: {q: {deduplication: "${SECRET}"}, hunter: {}}
      connections:
        a: "hunter2://hunter2"
        b: "postgres://u:hunter2 x@h"
        c: {url: "postgres://u:hunter2@h/d", password: "${SECRET}"}
        d: {url: "sqlite:${SECRET}", password: hunter2}
        e: {url: "postgres://h", password: {hunter2x: y}}
        f: ["hunter2"]
        g: "${SECRET}"
      jobs:
        j:
          queue: "${SECRET}"
          run: [x]
          attempts: "${SECRET}"
          timeout: "${SECRET}"
          memory: "${SECRET}"
          when-waiting: "${SECRET}"
          backoff: {factor: "${SECRET}"}
          environment: {TOKEN: [hunter2]}
          params:
            p: {type: "${SECRET}"}
            q: {type: date, default: "${SECRET}"}
            r: {type: boolean, default: "${SECRET}"}
            s: {type: string, default: "${SECRET}", allowed: [x]}
            t: {allowed: ["${SECRET}", "${SECRET}"]}
        k: {queue: q, sync: {from: "${SECRET}", key: ["${SECRET}", "${SECRET}"], to: "${SECRET}"}}
      worker: {name: "${SECRET} ", log: {level: "${SECRET}"}}
      """
    let found = problems(text, environment: ["SECRET": Self.marker])
    for line in found { #expect(!line.contains(Self.marker) && !line.contains("mean 'hunter'")) }
    #expect(found.count == 28, "\(found.joined(separator: "\n"))")
  }

  @Test(
    "what a reference stands for is in no problem of a schedule",
    arguments: [
      "schedule: \"${PW}\"", "every: \"${PW}\"", "schedule: \"1 * * * *\"\nzone: \"${PW}\"",
      "schedule: \"1 * * * *\"\nzone: \"Europe/${PW}\"", "schedule: \"1 * * * *\"\nnot-after: \"${PW}\"",
      "every: \"1${PW}\"", "schedule: \"${PW} * * * *\"",
    ])
  func schedules(_ lines: String) {
    let found = jobProblems("queue: nightly\nrun: [x]\n" + lines, environment: ["PW": Self.marker])
    #expect(found.count == 1)
    for problem in found {
      #expect(!problem.contains(Self.marker) && !problem.contains("hunter"), "\(problem)")
      #expect(problem.contains("${PW}"), "\(problem)")
    }
  }
}
