import CSluice
import Transport

/// What requests, frames and connections cost of the rate limits that they name by bucket id (ABI.md rule 21), and those
/// that wait for it. Lane only.
///
/// Of `orders` and `reads` the lane takes one unit for a command itself, before the adapter has it: the first send for the
/// command that names the bucket costs that unit less, every further one and every further try costs all that it says.
struct RequestRates {
    private let flow: SessionFlow?
    private let login: String
    /// By the number under which each waits in `flow`.
    private var waiting: [UInt64: Payment] = [:]

    init(_ flow: SessionFlow?, login: String) { (self.flow, self.login) = (flow, login) }

    /// The place of a bucket among those that were declared.
    func place(of bucket: sluice_str) -> Int? { flow?.ids.firstIndex { bucket.holds($0) } }

    /// The bucket of the lane that stands at a place; `nil`: another one does.
    func bucket(at place: Int) -> SessionFlow.Bucket? { flow?.bucket(at: place) }

    // MARK: - Paying

    enum Verdict {
        case go, waits
        case blocked(String)
    }

    /// Takes the units that a send costs, bucket after bucket; where one has none the send waits for it, and goes on with
    /// the next one then. What is refused has taken nothing.
    ///
    /// - Parameters:
    ///   - credit: units of the lane's bucket at a place that commands have paid for already.
    mutating func admit(
        _ sending: Sending, _ costs: [RequestPlan.Cost], account: String, priority: RatePriority, deadline: Int64,
        mayWait: Bool = true, now: Int64,
        credit: (_ bucket: SessionFlow.Bucket, _ place: Int) -> UInt32
    ) -> Verdict {
        guard let flow else { return .go }
        var payer = SessionFlow.Payer(
            account: account, login: login, priority: priority, deadline: deadline, mayWait: mayWait)
        for index in costs.indices {
            let due = due(costs, index, credit)
            guard due.units > 0 else { continue }
            payer.priority = self.priority(priority, of: due)
            let (verdict, number) = flow.admit(due, payer, now: now)
            switch verdict {
            case .granted: continue
            case .waiting:
                payer.priority = priority
                var payment = Payment(sending, payer)
                payment.paid = costs.indices.prefix(upTo: index).map { (self.due(costs, $0, credit), now) }
                payment.owed = costs.indices.suffix(from: index).map { self.due(costs, $0, credit) }
                waiting[number] = payment
                return .waits
            case .refused(let refusal):
                for other in costs.indices.prefix(upTo: index) {
                    flow.giveBack(self.due(costs, other, credit), payer, takenAt: now)
                }
                return .blocked(words(refusal, due))
            }
        }
        return .go
    }

    /// What is left to take of a cost. The credit of a bucket that is named twice counts once.
    private func due(
        _ costs: [RequestPlan.Cost], _ index: Int, _ credit: (SessionFlow.Bucket, Int) -> UInt32
    ) -> SessionFlow.Due {
        let cost = costs[index]
        var units = cost.units
        if let bucket = bucket(at: cost.bucket), !costs[..<index].contains(where: { $0.bucket == cost.bucket }) {
            units -= min(units, credit(bucket, cost.bucket))
        }
        return SessionFlow.Due(place: cost.bucket, scope: cost.scope, units: units)
    }

    /// Of the lane's own buckets what is under way goes before what has not begun, which it may have to wait for.
    private func priority(_ priority: RatePriority, of due: SessionFlow.Due) -> RatePriority {
        bucket(at: due.place) == nil ? priority : min(priority, .begun)
    }

    private func words(_ refusal: RateRefusal, _ due: SessionFlow.Due) -> String {
        "the rate limit \(flow?.ids[due.place] ?? "") has no unit (\(refusal.reason.rawValue))"
    }

    // MARK: - Waiting

    /// What became of a send that waited.
    enum Served {
        case go(Sending)
        /// It is not sent; its units were given back.
        case ended(Sending, String)
    }

    /// A number was granted. `nil`: no send waits under it, or it goes on to wait for its next bucket.
    mutating func granted(_ number: UInt64, now: Int64) -> Served? {
        guard let flow, var payment = waiting.removeValue(forKey: number), !payment.owed.isEmpty else { return nil }
        payment.paid.append((payment.owed.removeFirst(), now))
        if payment.sending.isTakenBack { return ended(payment, "it was taken back before it was sent") }
        while let due = payment.owed.first {
            if due.units > 0 {
                var payer = payment.payer
                payer.priority = priority(payer.priority, of: due)
                let (verdict, number) = flow.admit(due, payer, now: now)
                switch verdict {
                case .granted: break
                case .waiting:
                    waiting[number] = payment
                    return nil
                case .refused(let refusal): return ended(payment, words(refusal, due))
                }
            }
            payment.paid.append((payment.owed.removeFirst(), now))
        }
        return .go(payment.sending)
    }

    /// The wait under a number is over. `nil`: no send waits under it.
    mutating func expired(_ number: UInt64) -> Served? {
        waiting.removeValue(forKey: number).map {
            ended($0, "it waited for its rate limit until its time was over")
        }
    }

    private func ended(_ payment: Payment, _ text: String) -> Served {
        for (due, takenAt) in payment.paid where due.units > 0 {
            flow?.giveBack(due, payment.payer, takenAt: takenAt)
        }
        return .ended(payment.sending, text)
    }

    /// Lets a send that was taken back wait no longer. `false`: it does not wait here.
    mutating func withdraw(_ outbound: any Outbound) -> Bool {
        guard let (number, payment) = waiting.first(where: { $0.value.sending.outbound === outbound }) else {
            return false
        }
        waiting[number] = nil
        flow?.withdraw(number)
        _ = ended(payment, "")
        return true
    }

    /// Requests that wait and are no cancels.
    var waitingRequests: [OutboundRequest] {
        waiting.values.compactMap { payment in
            guard payment.payer.priority != .cancel, case .request(let request) = payment.sending else { return nil }
            return request
        }
    }

    mutating func forgetAll() {
        for number in waiting.keys { flow?.withdraw(number) }
        waiting.removeAll()
    }

    // MARK: - Learning

    /// Takes what a broker said of its count.
    func learn(_ place: Int, _ feedback: RateFeedback, account: String, scope: String?, now: Int64) {
        flow?.learn(place, feedback, account: account, login: login, scope: scope, now: now)
    }
}

/// Something that costs units before it goes.
enum Sending {
    case request(OutboundRequest)
    case frame(OutboundFrame, any SocketLink)
    /// Never waits.
    case connection

    var outbound: (any Outbound)? {
        switch self {
        case .request(let request): request
        case .frame(let frame, _): frame
        case .connection: nil
        }
    }

    var isTakenBack: Bool { outbound?.isTakenBack ?? false }
}

/// What a send that waits has paid and still owes.
struct Payment {
    let sending: Sending
    let payer: SessionFlow.Payer
    var paid: [(due: SessionFlow.Due, takenAt: Int64)] = []
    /// It waits for the first of them.
    var owed: [SessionFlow.Due] = []

    init(_ sending: Sending, _ payer: SessionFlow.Payer) { (self.sending, self.payer) = (sending, payer) }
}
