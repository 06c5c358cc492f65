/// What is done about fires that were missed because no scheduler ran.
public enum CatchUpPolicy: String, Sendable, CaseIterable {
  /// The latest one is proposed, unless it is in the log; it stands for those before it.
  case latest
  /// All that are not in the log are proposed, the oldest first.
  case all
  /// None is proposed.
  case none
}

/// What a scheduler proposes when it starts, and what it leaves.
public struct CatchUpPlan: Sendable, Equatable {
  public struct Proposal: Sendable, Equatable {
    /// The nominal moment, in seconds since 1970.
    public var fire: Int64
    /// The moment from which on its run must not start, in milliseconds since 1970; nil if there is none.
    public var expiryMilliseconds: Int64?

    public init(fire: Int64, expiryMilliseconds: Int64?) {
      self.fire = fire
      self.expiryMilliseconds = expiryMilliseconds
    }
  }

  /// Why a missed fire is not proposed.
  public enum Reason: Sendable, Hashable, CaseIterable {
    /// A later fire stands for it: policy `latest`.
    case superseded
    /// It may no longer start: `not-after`.
    case expired
    /// The policy is `none`.
    case notWanted
    /// There are more than are caught up with at a time; the oldest are left.
    case overLimit
  }

  public struct Omission: Sendable, Equatable {
    public var reason: Reason
    public var count: Int
    /// The oldest and the newest of them.
    public var fires: ClosedRange<Int64>
  }

  /// Ascending.
  public var proposals: [Proposal] = []
  /// One for each reason that there is.
  public var omissions: [Omission] = []
}

/// The decision which missed fires to propose.
public struct CatchUp: Sendable {
  public var policy: CatchUpPolicy
  /// How many fires are proposed at most; the newest ones are.
  public var limit: Int

  public init(policy: CatchUpPolicy, limit: Int = 1000) {
    self.policy = policy
    self.limit = limit
  }

  /// Decides about fires whose time to be proposed has come.
  /// - Parameters:
  ///   - fires: the nominal ones, ascending.
  ///   - nowMilliseconds: since 1970.
  ///   - isLogged: whether a request for the fire is in the log, whatever became of it.
  ///   - expiryMilliseconds: the moment from which on a fire's run must not start, nil for none; never decreasing.
  public func plan(
    fires: [Int64], nowMilliseconds: Int64, isLogged: (Int64) -> Bool, expiryMilliseconds: (Int64) -> Int64?
  ) -> CatchUpPlan {
    var chosen: [CatchUpPlan.Proposal] = []
    var omitted: [CatchUpPlan.Reason: [Int64]] = [:]
    let newest = fires.last
    for fire in fires.reversed() where !isLogged(fire) {
      let expiry = expiryMilliseconds(fire)
      let reason: CatchUpPlan.Reason? =
        if policy == .none {
          .notWanted
        } else if policy == .latest, fire != newest {
          .superseded
        } else if let expiry, expiry <= nowMilliseconds {
          .expired
        } else if chosen.count >= limit {
          .overLimit
        } else {
          nil
        }
      if let reason {
        omitted[reason, default: []].append(fire)
      } else {
        chosen.append(CatchUpPlan.Proposal(fire: fire, expiryMilliseconds: expiry))
      }
    }
    let omissions = CatchUpPlan.Reason.allCases.compactMap { reason -> CatchUpPlan.Omission? in
      guard let fires = omitted[reason], let newest = fires.first, let oldest = fires.last else { return nil }
      return CatchUpPlan.Omission(reason: reason, count: fires.count, fires: oldest...newest)
    }
    return CatchUpPlan(proposals: chosen.reversed(), omissions: omissions)
  }
}

extension Schedule {
  /// Decides about the fires that should have been proposed by now.
  ///
  /// A fire that is due after `nowMilliseconds` is left to `nextFire(dueAfter:)`, which takes over from here.
  /// - Parameters:
  ///   - horizonStart: seconds since 1970; fires up to it are left alone.
  ///   - knownSince: since when this job has had this timing (`signature`), in seconds since 1970; nothing up to then is
  ///     due, for it was not asked for.
  ///   - nowMilliseconds: since 1970.
  ///   - isLogged: whether a request for the fire is in the log, whatever became of it.
  public func catchUpPlan(
    horizonStart: Int64, knownSince: Int64, nowMilliseconds: Int64, limit: Int = 1000, isLogged: (Int64) -> Bool
  ) -> CatchUpPlan {
    guard !isDisabled else { return CatchUpPlan() }
    let end = floorDivide(nowMilliseconds - offsetMilliseconds, 1000).quotient
    return catchUpPlan(
      fires: fireTimes.fires(after: max(horizonStart, knownSince), through: end), nowMilliseconds: nowMilliseconds,
      limit: limit, isLogged: isLogged)
  }

  /// Decides about fires, ascending, that should have been proposed by now.
  func catchUpPlan(
    fires: [Int64], nowMilliseconds: Int64, limit: Int = 1000, isLogged: (Int64) -> Bool
  ) -> CatchUpPlan {
    CatchUp(policy: catchUp, limit: limit).plan(
      fires: fires, nowMilliseconds: nowMilliseconds, isLogged: isLogged, expiryMilliseconds: catchUpExpiry(of:))
  }

  /// With policy `latest`, the next fire takes the place of one that still waits when it comes.
  private func catchUpExpiry(of fire: Int64) -> Int64? {
    let byTimeOfDay = expiryMilliseconds(of: fire)
    guard catchUp == .latest, let next = fireTimes.next(after: fire) else { return byTimeOfDay }
    return min(byTimeOfDay ?? .max, dueMilliseconds(of: next))
  }
}
