import ChunkProtocol

/// The built-in runner: one attempt of a sync, from the start line to the exit status.
public enum SyncRunner {
  /// All rows are in the sink and the worker knows.
  public static let exitDone: Int32 = 0
  /// The attempt failed and the worker was told why.
  public static let exitFailed: Int32 = 1
  /// The worker said stop, and the chunk in hand was finished. Not 0, so that nobody takes it as the run's end.
  public static let exitStopped: Int32 = 75

  /// Runs the plan and reports its end.
  /// - Parameter log: gets a sentence for what a reader of the run's log should know.
  /// - Returns: one of the exit statuses above. When the worker cannot be told, the log gets the reason.
  public static func run(
    plan: SyncPlan, session: any SyncReporting, log: @escaping (String) -> Void = { _ in }
  ) -> Int32 {
    do {
      switch try ChunkPipeline(plan: plan, log: log).run(reporting: session) {
      case .done(let facts):
        try session.done(RunnerDone(facts: facts))
        return exitDone
      case .stopped(let reason):
        log("stopped: \(reason)")
        return exitStopped
      }
    } catch let failure as RunnerFailure {
      do { try session.failed(failure) } catch { log("\(failure.message) (and the worker cannot be told: \(error))") }
      return exitFailed
    } catch {
      log("the worker cannot be reached: \(error)")
      return exitFailed
    }
  }
}
