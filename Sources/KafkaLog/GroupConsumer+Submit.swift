extension GroupConsumer {
  /// Runs the closure on the consumer's thread, after all that was submitted before: for callers whose order matters and
  /// who need not wait.
  public nonisolated func submit(_ body: @escaping @Sendable (isolated GroupConsumer) -> Void) {
    thread.enqueue { self.assumeIsolated { body($0) } }
  }
}
