import FoundationEssentials
import Glibc
import RunnerProcess
import Synchronization
import Terminal

/// What a demo stands on: its folder and its processes. They end once, whether the demo is over or a signal came.
final class DemoGround: Sendable {
  private struct State {
    var ending: Task<Void, Never>?
    var isInterrupted = false
  }

  let folder: String
  let host: ProcessHost
  private let isKept: Bool
  private let errors: TerminalOutput
  private let state = Mutex(State())

  /// Makes the folder.
  /// - Parameter errors: gets the folder's name at the end if it is kept.
  init(isKept: Bool, _ errors: TerminalOutput) throws {
    host = try ProcessHost(guardCommand: nil)
    var template = Array("/tmp/baton-demo-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw CommandError("cannot make a folder in /tmp") }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    (self.isKept, self.errors) = (isKept, errors)
  }

  /// Ends broker, workers and, by the workers' guards, runners; then removes the folder. Later calls wait for the first one.
  /// - Returns: whether a signal has asked for it.
  @discardableResult func end(isInterrupted: Bool = false) async -> Bool {
    let ending = state.withLock { state in
      if isInterrupted { state.isInterrupted = true }
      let ending = state.ending ?? Task { await self.endOnce() }
      state.ending = ending
      return ending
    }
    await ending.value
    return state.withLock { $0.isInterrupted }
  }

  private func endOnce() async {
    await host.shutdown()
    if isKept { return errors.line("kept: \(folder)") }
    // Under another name first: nobody who still writes by the old one can add a file to what is being removed.
    let removed = folder + "-removed"
    guard rename(folder, removed) == 0 else {
      return errors.line("cannot remove \(folder): \(String(cString: strerror(errno)))")
    }
    do { try FileManager.default.removeItem(atPath: removed) } catch {
      errors.line("cannot remove \(removed): \(error)")
    }
  }
}
