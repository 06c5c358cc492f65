/// Which connector stands behind an endpoint.
extension ChunkPipeline {
  static func makeSource(_ plan: SyncPlan) -> any Source {
    switch plan.source {
    case .sqlite(let path): SQLiteSource(plan: plan, path: path)
    case .postgres(let url): PostgresSource(plan: plan, url: url)
    case .jsonLines(let path): JSONLinesSource(plan: plan, path: path)
    }
  }

  static func makeSink(_ plan: SyncPlan) -> any Sink {
    switch plan.sink {
    case .sqlite(let path): SQLiteSink(plan: plan, path: path)
    case .postgres(let url): PostgresSink(plan: plan, url: url)
    case .jsonLines(let path): JSONLinesSink(plan: plan, folder: path)
    }
  }
}

extension SyncPlan {
  /// Whether the source takes names that differ in case only as one.
  var isSourceFolding: Bool {
    if case .sqlite = source { return true }
    return false
  }
}
