/// Which connector stands behind an endpoint.
extension ChunkPipeline {
  static func makeSource(_ plan: SyncPlan) -> any Source {
    switch plan.source {
    case .sqlite(let path): SQLiteSource(plan: plan, path: path)
    case .postgres, .jsonLines: fatalError()
    }
  }

  static func makeSink(_ plan: SyncPlan) -> any Sink {
    switch plan.sink {
    case .sqlite(let path): SQLiteSink(plan: plan, path: path)
    case .postgres, .jsonLines: fatalError()
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
