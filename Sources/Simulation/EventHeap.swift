/// What is to happen in virtual time: a binary heap by (time, order of entry), so that equal seeds give equal histories.
struct EventHeap<Action> {
  private struct Entry {
    var time: Int64
    var sequence: Int64
    var slot: Int
  }

  private var entries: [Entry] = []
  /// The actions lie apart from the heap, so that sifting moves small values only.
  private var slots: [Action?] = []
  private var free: [Int] = []
  private var lastSequence: Int64 = 0

  var isEmpty: Bool { entries.isEmpty }

  mutating func push(at time: Int64, _ action: Action) {
    let slot: Int
    if let reused = free.popLast() {
      slot = reused
      slots[slot] = action
    } else {
      slot = slots.count
      slots.append(action)
    }
    lastSequence += 1
    entries.append(Entry(time: time, sequence: lastSequence, slot: slot))
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard precedes(child, parent) else { break }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  mutating func pop() -> (time: Int64, action: Action)? {
    guard let first = entries.first else { return nil }
    let last = entries.removeLast()
    if !entries.isEmpty {
      entries[0] = last
      var parent = 0
      while true {
        var least = parent
        for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count && precedes(child, least) {
          least = child
        }
        if least == parent { break }
        entries.swapAt(parent, least)
        parent = least
      }
    }
    let action = slots[first.slot]
    slots[first.slot] = nil
    free.append(first.slot)
    return action.map { (first.time, $0) }
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    entries[a].time != entries[b].time
      ? entries[a].time < entries[b].time : entries[a].sequence < entries[b].sequence
  }
}
