/// Where rows come from or go to.
public enum Connection: Sendable, Hashable {
  /// A libpq URL, `postgres://` or `postgresql://`, with whatever password it needs.
  case postgres(url: Secret)
  /// An absolute path of a database file, which need not exist yet.
  case sqlite(path: String)
  /// An absolute path: a JSON Lines file, or a folder of such files.
  case jsonLines(path: String)
}
