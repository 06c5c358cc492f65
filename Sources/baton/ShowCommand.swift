import Dispatch
import KafkaLog
import Messages
import Terminal
import Worker

extension Command {
  static let show = Command(
    "show", summary: "tell everything about one run", options: [SharedOption.json],
    arguments: [Argument("RUN", help: "the run's id")],
    examples: [Example("baton show person-search-k3m9qw2hxa", "who asked, which workers ran it, how it ended")],
    run: { arguments in
      let context = try Context(arguments)
      let (snapshot, run, relatives, control) = try await context.withReader { reader in
        let (snapshot, run) = try await findRun(arguments.argument("RUN"), context, reader)
        return (
          snapshot, run, try await RunRelatives.load(run, snapshot, context, reader),
          try await ControlSnapshot.load(context, reader)
        )
      }
      if arguments.flag("json") {
        var more = relatives.facts.merging(run.orders(control, snapshot.queue)) { $1 }
        if let loss = snapshot.loss(of: run) { more["lost"] = loss.facts }
        printJSON(runFacts(run, queue: snapshot.queue, more: more), to: arguments.output)
      } else {
        arguments.output.write(describe(run, snapshot, relatives, control, arguments.output))
      }
      return ExitCode.success
    })

  static let follow = Command(
    "follow", summary: "follow a run until it ends", options: [SharedOption.json],
    arguments: [Argument("RUN", help: "the run's id")],
    examples: [Example("baton follow person-search-k3m9qw2hxa", "a progress bar, then the result")],
    exitCodes: [
      ExitCode(1, "the run failed"), ExitCode(5, "it was cancelled"), ExitCode(6, "the request expired"),
      ExitCode(7, "the request was given up as lost"),
    ],
    run: { arguments in
      let context = try Context(arguments)
      return try await context.withReader { reader in
        let (snapshot, run) = try await findRun(arguments.argument("RUN"), context, reader)
        let follower = RunFollower(context: context, queue: snapshot.queue, reader: reader)
        let from = run.attempts.first?.token ?? run.ends.first?.at ?? snapshot.events.end
        return try await follower.wait(run.run, request: run.request, eventsFrom: from, arguments)
      }
    })

  private static func describe(
    _ run: RunRecord, _ snapshot: QueueSnapshot, _ relatives: RunRelatives, _ control: ControlSnapshot,
    _ output: TerminalOutput
  ) -> String {
    var lines: [(name: String, text: String)] = []
    func add(_ name: String, _ text: String) { lines.append((name, printable(text))) }
    // Only these texts may have lines of their own.
    func add(_ name: String, block text: String) { lines.append((name, printable(text, keepsLines: true))) }
    add("run", run.run)
    add("status", run.status.rawValue)
    add("job", run.job ?? "unknown")
    add("queue", "\(snapshot.queue), offset \(run.request)")
    if let queued = run.queued {
      add("requested", queued.appended.description)
      if let request = queued.request {
        add("by", relatives.origin ?? request.origin.rawValue + (request.requestedBy.map { " " + $0 } ?? ""))
        if !request.params.isEmpty { add("params", JSONValue.object(request.params).jsonText) }
        if let key = request.deduplicationKey { add("dedupe key", key) }
        if let expires = request.expires { add("expires", expires.description) }
        if let notBefore = request.notBefore { add("not before", notBefore.description) }
      }
    }
    for attempt in run.attempts {
      var words = "on \(printable(attempt.worker)) at \(attempt.started), token \(attempt.token)"
      switch attempt.cause {
      case .first: break
      case .failure: words += ", after a failure"
      case .crash: words += ", after a crash of its worker"
      case .handover: words += ", handed over"
      case .interruption: words += ", after an interruption"
      }
      switch attempt.outcome {
      case .failed(let message, let retryAt): words += "\n  failed: \(message)\n  next at \(retryAt)"
      case .handedOver: words += "\n  handed over after \(formatCount(attempt.rows)) rows"
      case .ended, .open: break
      }
      add("attempt \(attempt.number)", block: words)
    }
    if run.end == nil, let metadata = snapshot.metadata, let checkpoint = metadata.checkpoint, checkpoint.run == run.run
    {
      var words = "attempt \(checkpoint.attempt), \(formatCount(checkpoint.rows)) rows in \(checkpoint.chunks) chunks"
      if case .inline(let cursor) = checkpoint.cursor { words += ", next after \(cursor)" }
      add("checkpoint", words)
    }
    if let end = run.end {
      add("end", block: "\(end.time) \(endWords(end.ended))")
      let late = Set(run.ends.map(\.ended.token)).count - 1
      if late > 0 { add("", "\(late) end(s) of workers that had lost the queue do not count") }
    }
    if let cancel = run.cancel(control, snapshot.queue) {
      let remedy = run.attempts.isEmpty ? " (until its turn comes, `baton cancel \(run.run) --undo` takes it back)" : ""
      add("to cancel", "ordered \(cancel.words)\(remedy)")
    }
    if let loss = snapshot.loss(of: run) { add("lost", loss.words) }
    for (index, words) in relatives.followerWords.enumerated() {
      add(index == 0 ? "followed by" : "", words)
    }
    let width = lines.map(\.name.count).max() ?? 0
    return lines.map { name, text in
      let indented = text.split(separator: "\n", omittingEmptySubsequences: false)
        .joined(separator: "\n" + String(repeating: " ", count: width + 2))
      let padded = name + String(repeating: " ", count: width - name.count)
      return output.styled(padded, .dim) + "  " + indented + "\n"
    }.joined()
  }
}
