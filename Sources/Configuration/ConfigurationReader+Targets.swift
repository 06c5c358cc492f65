extension ConfigurationReader {
  /// What a job replaces may be written from its own queue only: runs of two queues overlap, and the swap takes away what
  /// the other has written. A file is one queue's in any mode.
  func checkTargets(
    _ entries: [YAMLEntry], _ jobs: [String: JobDefinition], _ connections: [String: Connection]
  ) {
    var seen: [String: [(job: JobDefinition, sync: SyncDefinition)]] = [:]
    for entry in entries {
      guard let job = jobs[entry.key], case .sync(let sync) = job.work else { continue }
      let place = place(of: sync, connections)
      let others = seen[place] ?? []
      seen[place, default: []].append((job, sync))
      let other = others.first { other in
        other.job.job.queue != job.job.queue
          && (sync.isOfFile || other.sync.mode == .replace || sync.mode == .replace)
      }
      guard let other else { continue }
      let what =
        switch sync.target {
        case .table(let name): "the table '\(name)' of connection '\(sync.to)'"
        case .file(let path): "the file '\(path)'"
        }
      let reason =
        sync.isOfFile
        ? "a file belongs to one queue"
        : "'\(sync.mode == .replace ? entry.key : other.job.job.name)' replaces it, with what the other has written"
      report(
        entry.mark,
        "job '\(entry.key)' and job '\(other.job.job.name)' write \(what) from the queues '\(job.job.queue)' and "
          + "'\(other.job.job.queue)': \(reason)",
        "give both jobs one queue, or each its own target")
    }
  }

  /// One text for one table or file, by whatever connection's name.
  private func place(of sync: SyncDefinition, _ connections: [String: Connection]) -> String {
    switch sync.target {
    case .file(let path): return "file " + path
    case .table(let name):
      let connection = connections[sync.to]
      let first = connections.filter { $0.value == connection }.keys.min() ?? sync.to
      // SQLite takes names that differ in case only as one.
      if case .sqlite = connection { return "table \(first) \(name.lowercased())" }
      return "table \(first) \(name)"
    }
  }
}

extension SyncDefinition {
  fileprivate var isOfFile: Bool {
    if case .file = target { return true }
    return false
  }
}
