import Testing

@testable import Configuration

/// A configuration that is right, to which a test adds what it is about.
let head = """
  kafka: {bootstrap: "localhost:9092"}
  queues: {nightly: {}, reports: {}}
  connections: {tis: "postgres://sync@db/tis", people: "sqlite:people.db", lines: "jsonl:out"}

  """

func parse(_ text: String, environment: [String: String] = [:]) throws -> Configuration {
  try Configuration.parse(text: text, file: "/etc/baton/baton.yaml", environment: environment)
}

/// What is wrong with a text, as `line:column: message; remedy`.
func problems(_ text: String, environment: [String: String] = [:]) -> [String] {
  do throws(ConfigurationErrors) {
    _ = try Configuration.parse(text: text, file: "baton.yaml", environment: environment)
    return []
  } catch {
    return error.problems.map { problem in
      #expect(problem.file == "baton.yaml")
      #expect(!problem.remedy.isEmpty)
      return "\(problem.line):\(problem.column): \(problem.message); \(problem.remedy)"
    }
  }
}

/// What is wrong with the body of a job `j` that stands behind `head`; places are those in the body.
func jobProblems(_ body: String, environment: [String: String] = [:]) -> [String] {
  let lines = body.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
  let prefix = head + "jobs:\n  j:\n"
  let offset = prefix.utf8.count { $0 == UInt8(ascii: "\n") }
  return problems(prefix + lines.joined(separator: "\n"), environment: environment).map { text in
    let parts = text.split(separator: ":", maxSplits: 2)
    return "\((Int(parts[0]) ?? 0) - offset):\((Int(parts[1]) ?? 0) - 4):\(parts[2])"
  }
}

/// The job `j` with this body.
func job(_ body: String, environment: [String: String] = [:]) throws -> JobDefinition {
  let lines = body.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
  return try #require(
    parse(head + "jobs:\n  j:\n" + lines.joined(separator: "\n"), environment: environment).jobs["j"])
}
