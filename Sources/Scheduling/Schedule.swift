/// When a job is to be asked for, and what becomes of the fires that nobody was there for.
public struct Schedule: Sendable, Hashable {
  /// The job's name.
  public var job: String
  /// Its nominal fires.
  public var fireTimes: FireTimes
  /// How far jobs are spread, in milliseconds; 0 for not at all.
  public var spreadMilliseconds: Int64
  public var catchUp: CatchUpPolicy
  /// A fire's run must not start after the first such time that follows the fire; nil for no such bound.
  public var notAfter: TimeOfDay?
  /// A disabled schedule has no fires that are due.
  public var isDisabled: Bool

  public init(
    job: String, timing: Timing, zone: TimeZoneRules = .utc, spreadMilliseconds: Int64 = 0,
    catchUp: CatchUpPolicy = .latest, notAfter: TimeOfDay? = nil, isDisabled: Bool = false
  ) {
    self.job = job
    fireTimes = FireTimes(timing, zone: zone)
    self.spreadMilliseconds = spreadMilliseconds
    self.catchUp = catchUp
    self.notAfter = notAfter
    self.isDisabled = isDisabled
  }

  /// What makes the nominal fires what they are, as a text to store and compare: `29 1 * * 1-5 Europe/London`, however
  /// the expression is written. A schedule under another text is a changed one, to which nothing is due for the time before
  /// the change.
  public var signature: String {
    switch fireTimes.timing {
    case .cron(let expression): "\(expression.canonicalText) \(fireTimes.zone.name)"
    case .every(let interval): "every \(interval.seconds)s"
    }
  }

  /// How long after a nominal fire the job is proposed, in milliseconds.
  public var offsetMilliseconds: Int64 { Spread.offset(job: job, windowMilliseconds: spreadMilliseconds) }

  /// The moment to propose a fire, in milliseconds since 1970.
  public func dueMilliseconds(of fire: Int64) -> Int64 { fire * 1000 + offsetMilliseconds }

  /// The first nominal fire that is due after a moment; nil if the schedule is disabled or has no more.
  /// - Parameter milliseconds: since 1970.
  public func nextFire(dueAfter milliseconds: Int64) -> Int64? {
    isDisabled ? nil : fireTimes.next(after: floorDivide(milliseconds - offsetMilliseconds, 1000).quotient)
  }

  /// The fires that are due after one moment and up to another, ascending.
  func fires(dueAfter start: Int64, through end: Int64) -> [Int64] {
    guard !isDisabled, start < end else { return [] }
    return fireTimes.fires(
      after: floorDivide(start - offsetMilliseconds, 1000).quotient,
      through: floorDivide(end - offsetMilliseconds, 1000).quotient)
  }

  /// The last fire that is due at a moment or before it.
  func lastFire(dueThrough end: Int64) -> Int64? {
    fireTimes.previous(before: floorDivide(end - offsetMilliseconds, 1000).quotient + 1)
  }

  /// The moment from which on a fire's run must not start, in milliseconds since 1970; nil if there is none.
  public func expiryMilliseconds(of fire: Int64) -> Int64? {
    notAfter.map { $0.next(after: fire, in: fireTimes.zone) * 1000 }
  }

  /// The first of the coming fires that may no longer start when its spread lets it be proposed; nil if there is none
  /// among so many. Such a schedule is a mistake to be told of: the job would stay away on that day.
  public func fireExpiredWhenDue(after moment: Int64, among count: Int = 400) -> Int64? {
    fireTimes.fires(after: moment, through: .max, limit: count).first { fire in
      expiryMilliseconds(of: fire).map { $0 <= dueMilliseconds(of: fire) } ?? false
    }
  }
}

/// The id of the request that a fire becomes, the same on every scheduler: `job@2026-11-24T01:29:00Z`.
public struct FireIdentifier: Sendable, Hashable {
  public var job: String
  /// Seconds since 1970.
  public var fire: Int64

  public init(job: String, fire: Int64) {
    self.job = job
    self.fire = fire
  }

  /// Reads an id back; nil for one that no scheduler makes.
  public init?(_ text: String) {
    guard let at = text.lastIndex(of: "@"), at > text.startIndex, text.last == "Z",
      let time = CivilTime(String(text[text.index(after: at)...].dropLast()))
    else { return nil }
    self.init(job: String(text[..<at]), fire: time.seconds)
  }
}

extension FireIdentifier: CustomStringConvertible {
  public var description: String { "\(job)@\(CivilTime(seconds: fire))Z" }
}
