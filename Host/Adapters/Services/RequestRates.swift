import CSluice

/// The rate limits that requests name by bucket id (ABI.md rule 21). Lane only.
///
/// Units of `orders` and `reads` are taken by the lane for the command itself, before the adapter has it: a request that
/// names them costs nothing more. Every other bucket counts the requests that name it, each try.
struct RequestRates {
    private struct Known {
        var id: String
        /// Its place among `buckets`; `nil`: the lane counts it.
        var bucket: Int?
    }
    /// Few: a search through them is shorter than a hash.
    private var known: [Known] = []
    private var buckets: [RateBucket] = []
    private var waiting: [UInt64: OutboundRequest] = [:]
    private var lastID: UInt64 = 0
    private let login: String

    init(_ rules: [RateRule], login: String) {
        self.login = login
        for rule in rules {
            guard rule.id != RateRule.orders, rule.id != RateRule.reads else {
                known.append(Known(id: rule.id, bucket: nil))
                continue
            }
            known.append(Known(id: rule.id, bucket: buckets.count))
            buckets.append(
                RateBucket(
                    rule, keepsReserve: false,
                    bounds: RateBucket.Bounds(maximumWaiting: ServiceBounds.openRequests)))
        }
    }

    /// The place of a bucket among those that were declared.
    func place(of bucket: sluice_str) -> Int? { known.firstIndex { bucket.holds($0.id) } }

    enum Verdict {
        case go, waits
        case blocked(String)
    }

    /// Takes the units that a try costs. The first bucket that has none may make it wait; a further one blocks it.
    mutating func admit(_ request: OutboundRequest, account: String, now: Int64, wallOffset: Int64) -> Verdict {
        guard !buckets.isEmpty else { return .go }
        var mayWait = true
        for cost in request.plan.costs {
            guard let index = known[cost.bucket].bucket else { continue }
            if buckets[index].needsWallClock { buckets[index].setWallOffset(wallOffset) }
            lastID += 1
            let demand = RateRequest(
                id: lastID, scope: scope(cost, buckets[index].rule, account), account: account, units: cost.units,
                priority: request.plan.isPriority ? .cancel : .ordinary,
                deadline: request.queued.monotonic &+ request.plan.totalTimeout)
            switch buckets[index].admit(demand, now: now, mayWait: mayWait) {
            case .granted: mayWait = false
            case .waiting:
                waiting[lastID] = request
                return .waits
            case .refused(let refusal):
                return .blocked("the rate limit \(known[cost.bucket].id) has no unit (\(refusal.reason.rawValue))")
            }
        }
        return .go
    }

    private func scope(_ cost: RequestPlan.Cost, _ rule: RateRule, _ account: String) -> String {
        rule.scopeKey == "account" ? account : rule.scopeKey == "login" ? login : cost.scope ?? ""
    }

    /// Requests whose turn has come, and those that waited in vain.
    mutating func serve(now: Int64) -> (granted: [OutboundRequest], expired: [OutboundRequest]) {
        guard !waiting.isEmpty else { return ([], []) }
        var (granted, expired): ([OutboundRequest], [OutboundRequest]) = ([], [])
        for index in buckets.indices {
            while let number = buckets[index].nextExpired(now: now) {
                if let request = waiting.removeValue(forKey: number) { expired.append(request) }
            }
            while let number = buckets[index].nextGranted(now: now) {
                if let request = waiting.removeValue(forKey: number) { granted.append(request) }
            }
        }
        return (granted, expired)
    }

    var nextWake: Int64? { waiting.isEmpty ? nil : buckets.compactMap(\.nextWake).min() }

    /// Takes what a broker said of its count.
    mutating func learn(
        _ bucket: Int, _ feedback: RateFeedback, account: String, scope: String?, now: Int64
    ) {
        guard let index = known[bucket].bucket else { return }
        let cost = RequestPlan.Cost(bucket: bucket, scope: scope, units: 1)
        buckets[index].learn(feedback, scope: self.scope(cost, buckets[index].rule, account), now: now)
    }

    mutating func forgetAll() { waiting.removeAll() }
}
