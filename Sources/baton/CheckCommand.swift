import Configuration
import Dispatch
import KafkaLog
import Terminal
import Worker

extension Command {
  static let check = Command(
    "check", summary: "check the whole configuration and report all its errors at once",
    options: [
      Option("kafka", help: "try the connection to Kafka as well, and the topics"), SharedOption.json,
    ],
    examples: [Example("baton check --config /etc/baton/baton.yaml", "before a deploy")],
    exitCodes: [ExitCode(4, "the configuration has errors")],
    run: { arguments in
      let file = try Context.file(arguments.value("config"))
      let configuration: Configuration
      do {
        configuration = try Configuration.load(file: file, environment: Context.environment)
      } catch let errors as ConfigurationErrors where arguments.flag("json") {
        printJSON(
          .object([
            "file": .string(file), "ok": .boolean(false),
            "problems": .array(
              errors.problems.map { problem in
                .object([
                  "line": .integer(Int64(problem.line)), "column": .integer(Int64(problem.column)),
                  "message": .string(problem.message), "remedy": .string(problem.remedy),
                ])
              }),
          ]), to: arguments.output)
        return 4
      }
      if arguments.flag("kafka") {
        var context = Context(configuration, timeout: try arguments.timeout())
        context.connectionRemedy = "Is it up, and is `kafka.bootstrap` right? It is a broker's listener for clients."
        try await context.withReader { try await TopicCheck(configuration: configuration).run(reader: $0) }
      }
      if arguments.flag("json") {
        printJSON(
          .object([
            "file": .string(file), "ok": .boolean(true), "problems": .array([]),
            "queues": .array(configuration.queueOrder.map(JSONValue.string)),
            "jobs": .array(configuration.jobOrder.map(JSONValue.string)),
          ]), to: arguments.output)
      } else {
        arguments.output.line(
          "\(file): \(counted(configuration.jobOrder.count, "job")) on "
            + "\(counted(configuration.queueOrder.count, "queue")), no errors")
      }
      return ExitCode.success
    })

  private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
