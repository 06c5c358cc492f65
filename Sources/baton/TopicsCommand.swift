import Configuration
import Dispatch
import KafkaLog
import Terminal

extension Command {
  static let topics = Command(
    "topics", summary: "compare the cluster's topics with what Baton needs, and bring them in line",
    subcommands: [
      Command(
        "plan", summary: "show what `apply` would do", options: [SharedOption.json],
        examples: [Example("baton topics plan", "changes nothing")],
        run: { arguments in
          let plan = try await TopicPlan.make(try Context(arguments))
          plan.show(arguments)
          return ExitCode.success
        }),
      Command(
        "apply", summary: "create what is missing and set what differs", options: [SharedOption.json],
        examples: [Example("baton topics apply", "once per cluster, and after each change of the queues")],
        run: { arguments in
          let context = try Context(arguments)
          let plan = try await TopicPlan.make(context)
          try await plan.apply(context)
          plan.show(arguments, isDone: true)
          return plan.refusals.isEmpty ? ExitCode.success : ExitCode.failure
        }),
      Command(
        "verify", summary: "check that all is as it must be", options: [SharedOption.json],
        examples: [Example("baton topics verify", "in a deploy, or from monitoring")],
        exitCodes: [ExitCode(1, "something is missing or differs")],
        run: { arguments in
          let plan = try await TopicPlan.make(try Context(arguments))
          plan.show(arguments)
          return plan.changes.isEmpty && plan.refusals.isEmpty ? ExitCode.success : ExitCode.failure
        }),
    ])
}

/// The difference between the declared topics and the cluster's.
struct TopicPlan: Sendable {
  enum Change: Sendable {
    case create(TopicDeclaration)
    case configure(TopicDeclaration, [(name: String, from: String, to: String)])
  }

  var changes: [Change] = []
  /// What cannot be mended by this tool.
  var refusals: [String] = []
  var unchanged: [String] = []

  static func make(_ context: Context) async throws -> TopicPlan {
    let declarations = TopicDeclaration.declarations(for: context.configuration)
    let existing = try await context.withAdmin { admin in
      try await admin.describe(topics: declarations.map(\.name))
    }
    var plan = TopicPlan()
    for declaration in declarations {
      guard let topic = existing[declaration.name] else {
        plan.changes.append(.create(declaration))
        continue
      }
      if topic.partitions != declaration.partitions {
        plan.refusals.append(
          "topic \(declaration.name) has \(topic.partitions) partitions and must have \(declaration.partitions): with more, "
            + "two workers would run its requests at once; Kafka cannot take partitions away, so delete the topic or choose "
            + "another queue name")
        continue
      }
      let differences = declaration.configs.sorted { $0.key < $1.key }.compactMap { name, value in
        topic.configs[name] == value ? nil : (name: name, from: topic.configs[name] ?? "", to: value)
      }
      if differences.isEmpty {
        plan.unchanged.append(declaration.name)
      } else {
        plan.changes.append(.configure(declaration, differences))
      }
    }
    return plan
  }

  func apply(_ context: Context) async throws {
    try await context.withAdmin { admin in
      for change in changes {
        switch change {
        case .create(let declaration):
          try await admin.create(
            topic: declaration.name, partitions: Int32(declaration.partitions),
            replicationFactor: declaration.replicationFactor, configs: declaration.configs)
        case .configure(let declaration, let differences):
          try await admin.alterConfigs(
            topic: declaration.name, set: Dictionary(uniqueKeysWithValues: differences.map { ($0.name, $0.to) }))
        }
      }
    }
  }

  func show(_ arguments: ParsedArguments, isDone: Bool = false) {
    if arguments.flag("json") { return printJSON(facts, to: arguments.output) }
    for change in changes {
      switch change {
      case .create(let declaration):
        arguments.output.line(arguments.output.styled("+ \(declaration.name)", .green))
        for (name, value) in declaration.configs.sorted(by: { $0.key < $1.key }) {
          arguments.output.line("    \(name) = \(value)")
        }
      case .configure(let declaration, let differences):
        arguments.output.line(arguments.output.styled("~ \(declaration.name)", .yellow))
        for difference in differences {
          arguments.output.line(printable("    \(difference.name) = \(difference.to) (is \(difference.from))"))
        }
      }
    }
    for refusal in refusals { arguments.output.line(arguments.output.styled("! \(refusal)", .red)) }
    arguments.output.line(
      "\(unchanged.count) as declared, \(changes.count) \(isDone ? "changed" : "to change"), \(refusals.count) that cannot be mended here"
    )
  }

  private var facts: JSONValue {
    .object([
      "changes": .array(
        changes.map { change in
          switch change {
          case .create(let declaration): .object(["topic": .string(declaration.name), "action": .string("create")])
          case .configure(let declaration, let differences):
            .object([
              "topic": .string(declaration.name), "action": .string("configure"),
              "set": .object(
                Dictionary(uniqueKeysWithValues: differences.map { ($0.name, JSONValue.string($0.to)) })),
            ])
          }
        }),
      "refusals": .array(refusals.map(JSONValue.string)), "unchanged": .array(unchanged.map(JSONValue.string)),
    ])
  }
}
