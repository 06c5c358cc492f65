import Configuration
import Dispatch
import Glibc
import KafkaLog
import Messages
import Terminal
import Worker

extension Command {
  static let rerun = Command(
    "rerun", summary: "run a job again, alone or with all that follows on it",
    discussion: """
      Shows what would run, in which queue and how long it usually takes, asks, and enqueues the job. The jobs under its \
      `then` do not follow unless --with-dependents says so; with it each follows when the one before has succeeded.
      """,
    options: [
      SharedOption.param,
      Option("with-dependents", short: "d", help: "what follows on it runs too, and what follows on that"),
      Option("yes", short: "y", help: "do not ask"),
      Option("wait", short: "w", help: "follow the run, and all that follow on it, and end with the result"),
      SharedOption.json,
    ],
    arguments: [Argument("JOB", help: "the job", completion: .command("names jobs"))],
    examples: [
      Example("baton rerun person-search", "the job alone"),
      Example("baton rerun person-search --with-dependents --yes --wait", "the whole chain, from a script"),
    ],
    exitCodes: [
      ExitCode(1, "the answer was no; with --wait: a run failed, or one that should follow was not asked for"),
      ExitCode(5, "with --wait: a run was cancelled"),
      ExitCode(6, "with --wait: a request expired"), ExitCode(7, "with --wait: a request was given up as lost"),
    ],
    run: { arguments in
      let context = try Context(arguments)
      let definition = try context.job(arguments.argument("JOB"))
      let withDependents = arguments.flag("with-dependents")
      let params = try params(arguments, definition.job)
      // Whoever cannot be asked is told so before anything is read.
      guard arguments.flag("yes") || (isatty(0) == 1 && arguments.errors.isTerminal) else {
        throw arguments.usageError("there is no terminal to ask at", remedy: "say --yes to run it without a question")
      }
      var plan = try RerunPlan(definition.job.name, withDependents: withDependents, context.configuration)
      var request = Request(
        id: definition.job.name + "-" + randomSuffix(), job: definition.job.name, params: params, origin: .cli,
        requestedBy: Context.user, time: .now)
      request.asksForFollowers = withDependents
      return try await context.withReader { reader in
        let control = try await ControlSnapshot.load(context, reader)
        plan.complete(
          try await UsualDurations.load(plan.steps.map(\.queue), context, reader), control, now: .now)
        show(plan, arguments)
        try control.checkIsNotPaused(job: definition.job.name)
        guard arguments.flag("yes") || confirm(arguments) else {
          arguments.errors.line("nothing was enqueued")
          return ExitCode.failure
        }
        let wait = RerunWait(context: context, reader: reader)
        // Where requests and events will begin, before there can be any.
        let starts = try await wait.starts(plan)
        let record = OutgoingRecord(
          topic: context.configuration.requestsTopic(definition.job.queue),
          RequestCodec.encode(request, source: "/cli/" + Context.hostName))
        let delivery = try await context.withProducer { try await $0.send(record) }
        announce(request, queue: definition.job.queue, offset: delivery.offset, ahead: nil, control, arguments)
        guard arguments.flag("wait") else { return ExitCode.success }
        return try await wait.run(
          request.id, of: request.job, offset: delivery.offset, starts, withDependents: withDependents, arguments)
      }
    })

  private static func show(_ plan: RerunPlan, _ arguments: ParsedArguments) {
    if arguments.flag("json") {
      printJSON(plan.facts, to: arguments.output)
    } else {
      plan.write(to: arguments.output)
    }
    arguments.output.flush()
  }

  /// Asks at the terminal; anything but a yes is a no.
  private static func confirm(_ arguments: ParsedArguments) -> Bool {
    arguments.errors.write("Run this? [y/N] ")
    arguments.errors.flush()
    let answer = readLine()?.lowercased() ?? ""
    return ["y", "yes"].contains(answer.split(separator: " ").joined())
  }
}
