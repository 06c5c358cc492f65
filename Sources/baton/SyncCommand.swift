import ChunkProtocol
import Configuration
import Dispatch
import Sync
import Terminal

extension Command {
  static let sync = Command(
    "sync", summary: "the built-in runner: copy rows under the chunk protocol",
    discussion: """
      A worker starts this for a job that has a `sync`; it is not meant to be called by hand. It reads the `start` line \
      from standard input and reports each chunk on standard output: see docs/chunk-protocol.md.
      """,
    arguments: [Argument("JOB", help: "the job", completion: .command("names jobs"))],
    examples: [Example("baton enqueue person-search --wait", "what you want instead")],
    run: { arguments in
      let session = try RunnerSession.standard()
      let start = try session.start()
      do {
        let file = try Context.file(arguments.value("config"))
        let configuration =
          if let text = start.configuration {
            try Configuration.parse(text: text, file: file, environment: Context.environment)
          } else {
            try Configuration.load(file: file, environment: Context.environment)
          }
        let plan = try SyncPlan(start, job: arguments.argument("JOB"), in: configuration)
        return SyncRunner.run(plan: plan, session: SessionReporting(session: session)) { arguments.errors.line($0) }
      } catch {
        let message = (error as? any UserFacingError)?.message ?? "\(error)"
        try session.failed(RunnerFailure(message: message, isRetriable: false))
        return SyncRunner.exitFailed
      }
    })
}

/// The runner's session as the sync engine wants it.
private struct SessionReporting: SyncReporting {
  let session: RunnerSession

  func report(_ chunk: ChunkReport) throws -> ChunkAnswer {
    try session.report(chunk)
    return switch try session.awaitAcknowledgement(of: chunk.chunk) {
    case .go: .go
    case .stop(let reason): .stop(reason: reason)
    }
  }

  func done(_ done: RunnerDone) throws { try session.done(facts: done.facts) }
  func failed(_ failure: RunnerFailure) throws { try session.failed(failure) }
}

extension SyncPlan {
  /// What the worker asked for, with what the configuration says of the job.
  init(_ start: RunnerStart, job name: String, in configuration: Configuration) throws {
    guard let definition = configuration.jobs[name], case .sync(let sync) = definition.work else {
      throw CommandError("job '\(name)' is no sync job of \(configuration.file)")
    }
    guard let from = configuration.connections[sync.from], let to = configuration.connections[sync.to] else {
      throw CommandError("job '\(name)' names a connection that \(configuration.file) does not have")
    }
    // The configuration has put a file's name and its connection's folder together already.
    var query = ""
    var table = ""
    var sourcePath = ""
    var sinkFolder = ""
    switch sync.source {
    case .query(let text): query = text
    case .file(let path): sourcePath = path
    }
    switch sync.target {
    case .table(let name): table = name
    case .file(let path):
      let slash = path.lastIndex(of: "/") ?? path.startIndex
      (sinkFolder, table) = (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
    let source: SourceEndpoint =
      switch from {
      case .postgres(let url): .postgres(url: url.reveal())
      case .sqlite(let path): .sqlite(path: path)
      case .jsonLines: .jsonLines(path: sourcePath)
      }
    let sink: SinkEndpoint =
      switch to {
      case .postgres(let url): .postgres(url: url.reveal())
      case .sqlite(let path): .sqlite(path: path)
      case .jsonLines: .jsonLines(path: sinkFolder)
      }
    let mode: SyncMode =
      switch sync.mode {
      case .upsert: .upsert
      case .append: .append
      case .replace: .replace
      }
    self.init(
      job: name, queue: definition.job.queue, sourceName: sync.from, source: source, query: query, key: sync.key,
      sink: sink, table: table, mode: mode, limits: start.limits, params: start.params, run: start.run,
      attempt: start.attempt,
      token: start.token, cursor: start.cursor)
  }
}
