import CProcess
import Glibc

/// Finds a child's own peak of resident memory.
///
/// The kernel's figure at the end starts from the parent's peak, since before exec the child ran in the parent's
/// memory. Where the child stayed below that, samples of its own high-water mark tell more.
struct PeakMemory {
  private let floor: Int
  private var sampled = 0
  private var sampledAt: Int64 = .min
  private static let sampleMilliseconds: Int64 = 100

  /// The kernel counts pages in batches, so that two readings of the same may differ by some.
  private static let marginBytes = 4 << 20

  /// To be made just after the child was started: then this process's peak is at least what it was at the exec.
  init() {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    floor = Int(usage.ru_maxrss) << 10
  }

  /// Reads the high-water mark of the living process, at most ten times a second.
  mutating func sample(pid: pid_t) {
    let now = monotonicMilliseconds()
    guard sampledAt == .min || now - sampledAt >= PeakMemory.sampleMilliseconds else { return }
    sampledAt = now
    let descriptor = open("/proc/\(pid)/status", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let text = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      return Array(UnsafeRawBufferPointer(rebasing: buffer[..<max(0, count)]))
    }
    // "VmHWM:      1234 kB"; a process that is ending has no such line.
    for line in text.split(separator: 10) where line.starts(with: "VmHWM:".utf8) {
      let digits = line.filter { $0 >= 48 && $0 <= 57 }
      sampled = max(sampled, (Int(String(decoding: digits, as: UTF8.self)) ?? 0) << 10)
    }
  }

  /// The peak, given the kernel's figure at the end; both in bytes.
  func peak(reported: Int) -> Int {
    reported > floor + PeakMemory.marginBytes || sampled == 0 ? reported : sampled
  }
}

func monotonicMilliseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
