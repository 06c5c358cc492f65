import CRdkafka

extension GroupConsumer {
  /// Leaves the group, so that others have the partitions at once, and ends the thread.
  ///
  /// What is held is asked back through `GroupEvent.revoked`, and must be released. A static member leaves too.
  /// - Parameter timeoutMilliseconds: for the releases and the group's answer; after that it is as if `close` had
  ///   been called, and what was not released is told as lost.
  public func leave(timeoutMilliseconds: Int = 30_000) async {
    if stage == .member, fatalError == nil {
      stage = .leaving
      rd_kafka_unsubscribe(thread.client)
      thread.onPass = { self.assumeIsolated { $0.goOnLeaving() } }
      thread.after(milliseconds: timeoutMilliseconds) {
        self.assumeIsolated { consumer in
          guard consumer.stage != .ended else { return }
          consumer.logger.warning("left group \(consumer.group) without its answer")
          consumer.finish()
        }
      }
      lookAgainSoon()
    } else if stage == .member {
      finish()
    }
    if stage != .ended { await withCheckedContinuation { whenLeft.append($0) } }
    await thread.stopAndWait()
  }

  /// Ends the thread without a word to the group: a static member's place is kept for a session's time, a dynamic
  /// member's as well, as if it had crashed. Commits that have no answer yet fail.
  public func close() async {
    finish()
    await thread.stopAndWait()
  }

  /// The library tells of neither the leave request nor the end of closing by an event of its own.
  private func goOnLeaving() {
    switch stage {
    case .leaving:
      guard unreleased == nil, hasNoMemberID() else { return }
      // The leave request is out: closing waits for its answer. Earlier, closing would keep a static member's place.
      stage = .closing
      if let error = rd_kafka_consumer_close_queue(thread.client, queue) {
        logger.warning("\(KafkaError(consuming: error, doing: "leave group \(group)"))")
        finish()
      }
    case .closing:
      if rd_kafka_consumer_closed(thread.client) != 0 { finish() }
    case .member, .ended: break
    }
  }

  /// Some of the steps of leaving happen inside the library without any event, so the wait for the next event is
  /// cut short while leaving, and only then.
  private func lookAgainSoon() {
    guard stage == .leaving || stage == .closing else { return }
    thread.after(milliseconds: 5) { self.assumeIsolated { $0.lookAgainSoon() } }
  }

  /// A member that has sent its leave request has forgotten its id.
  private func hasNoMemberID() -> Bool {
    guard let id = rd_kafka_memberid(thread.client) else { return true }
    defer { rd_kafka_mem_free(thread.client, id) }
    return id[0] == 0
  }

  private func finish() {
    guard stage != .ended else { return }
    stage = .ended
    thread.onPass = nil
    if !held.isEmpty && !whenLeft.isEmpty { loseAll() }
    for answer in pending.takeAll() { answer(.failure(.closed(doing: "wait", outcomeUnknown: true))) }
    for continuation in exchange(&whenLeft, with: []) { continuation.resume() }
  }
}
