import CSluice
import Domain
import Testing

@testable import Adapters

@Suite("The small parts keep their promises")
struct StructureTests {
    private func numbers(_ seed: UInt64, _ count: Int) -> [UInt64] {
        let random = SeededLaneRandom(seed: seed)
        return (0..<count).map { _ in
            var value: UInt64 = 0
            withUnsafeMutableBytes(of: &value) { random.fill($0) }
            return value
        }
    }

    @Test("A heap yields its elements in order, also after a purge", arguments: 0..<50 as Range<UInt64>)
    func heap(seed: UInt64) {
        var heap = MinimumHeap<UInt64>()
        let values = numbers(seed, 200)
        for value in values { heap.insert(value) }
        heap.removeAll { $0 % 3 == 0 }
        var taken: [UInt64] = []
        while let value = heap.removeFirst() { taken.append(value) }
        #expect(taken == values.filter { $0 % 3 != 0 }.sorted())
    }

    @Test("A queue is first in, first out, whatever is taken between", arguments: 0..<20 as Range<UInt64>)
    func queue(seed: UInt64) {
        var queue = LaneQueue<UInt64>()
        var model: [UInt64] = []
        var differences = 0
        for value in numbers(seed, 3_000) {
            if value % 5 < 2 {
                let taken = queue.popFirst()
                if taken != (model.isEmpty ? nil : model.removeFirst()) { differences += 1 }
            } else if value % 997 == 0 {
                let removed = queue.removeAll { $0 % 2 == 0 }
                if removed != model.filter({ $0 % 2 == 0 }) { differences += 1 }
                model.removeAll { $0 % 2 == 0 }
            } else {
                queue.append(value)
                model.append(value)
            }
            if queue.count != model.count { differences += 1 }
        }
        #expect(differences == 0)
    }

    @Test("A token names one command once, and never comes again", arguments: 0..<20 as Range<UInt64>)
    func tokens(seed: UInt64) {
        var table = TokenTable()
        var open: [(token: UInt64, id: UInt64)] = []
        var seen: Set<UInt64> = [0]
        var differences = 0
        for value in numbers(seed, 2_000) {
            if value % 3 == 0, !open.isEmpty {
                let entry = open.remove(at: Int(value / 3 % UInt64(open.count)))
                if table.take(entry.token)?.id != entry.id || table.take(entry.token) != nil { differences += 1 }
            } else if let token = table.issue(
                OpenCommand(kind: .submit, account: 0, id: value, queued: 0, dispatched: 0, deadline: .max, query: nil))
            {
                if !seen.insert(token).inserted { differences += 1 }
                open.append((token, value))
            }
            if table.openCount != open.count { differences += 1 }
        }
        #expect(differences == 0)
        #expect(Set(table.openTokens) == Set(open.map(\.token)))
        #expect(table.command(0) == nil)
        #expect(table.command(.max) == nil)
    }

    @Test("A client reference is the id's own text, and reads back", arguments: 0..<200 as Range<UInt64>)
    func clientReference(seed: UInt64) throws {
        let pair = numbers(seed, 2)
        let id = ClientOrderID(prefix: pair[0] % ClientOrderID.prefixLimit, sequence: pair[1])
        withUnsafeTemporaryAllocation(byteCount: 24, alignment: 8) { buffer in
            guard let start = buffer.baseAddress else { return }
            ClientReferenceText(id).write(to: start)
            let text = UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: 18)
            #expect(String(decoding: text, as: UTF8.self) == id.description)
            #expect(ClientReferenceText.parse(text) == id)
            let short = UnsafeBufferPointer(rebasing: text[..<17])
            #expect(ClientReferenceText.parse(short) == nil)
        }
    }

    @Test("A decimal crosses the boundary and back unchanged", arguments: 0..<200 as Range<UInt64>)
    func decimals(seed: UInt64) throws {
        let parts = numbers(seed, 3)
        let mantissa = Int128(truncatingIfNeeded: UInt128(parts[0]) << 64 | UInt128(parts[1])) >> Int128(parts[2] % 120)
        guard let value = ExactDecimal(mantissa: mantissa, exponent: Int(parts[2] % 77) - 38) else { return }
        #expect(try sluice_decimal(value).value("x") == value)
        #expect(try sluice_decimal(optional: nil).value("x") == nil)
    }

    @Test("Decimals outside the contract are refused")
    func brokenDecimals() {
        let broken = [
            sluice_decimal(low: 1, high: 0, exponent: 39, flags: 1),
            sluice_decimal(low: 1, high: 0, exponent: -39, flags: 1),
            sluice_decimal(low: 0, high: .min, exponent: 0, flags: 1),
            sluice_decimal(low: 1, high: 0, exponent: 0, flags: 3),
            sluice_decimal(low: 1, high: 0, exponent: 0, flags: 2),
        ]
        for value in broken { #expect(throws: ContractBreach.self) { try value.value("x") } }
    }

    @Test("Only a definite word is definite: every claim, code and certainty")
    func verdicts() throws {
        for outcome in 0...9 as ClosedRange<UInt32> {
            for code in AdapterErrorCode.allCases {
                for certainty in 0...4 as ClosedRange<UInt32> {
                    let error = ReadError(value: AdapterError(code: code), certainty: certainty, isKnownCode: true)
                    let verdict = Verdict.mutation(outcome: outcome, error: error).outcome
                    let bare = Verdict.mutation(outcome: outcome, error: nil).outcome
                    // An error never makes more certain what was not, and never turns one certainty into another.
                    #expect(verdict == bare || verdict == .unknown)
                    if code == .duplicate, outcome != SLUICE_OUTCOME_ACCEPTED { #expect(verdict == .unknown) }
                    if [.timeout, .truncated, .brokerServerError, .protocolError].contains(code), certainty == 0,
                        outcome != SLUICE_OUTCOME_ACCEPTED
                    {
                        #expect(verdict == .unknown)
                    }
                }
            }
        }
        #expect(Verdict.mutation(outcome: SLUICE_OUTCOME_ACCEPTED, error: nil).outcome == .accepted)
        #expect(Verdict.mutation(outcome: SLUICE_OUTCOME_FOUND, error: nil).cause == .malformed)
    }

    @Test("The cache forgets what is over its time, then the oldest, and never exceeds its quota")
    func cache() {
        var memory = KeyValueMemory(quotaBytes: 100)
        func key(_ number: Int) -> [UInt8] { Array("key\(number)".utf8) }
        func put(_ number: Int, _ bytes: [UInt8], expires: Int64 = .max) -> Bool {
            memory.putCached(key(number), PinnedBytes(bytes), expires: expires, now: 0)
        }
        func get(_ number: Int, now: Int64 = 0) -> [UInt8]? { memory.cached(key(number), now: now)?.array }
        for number in 0..<50 { #expect(put(number, [1, 2, 3, 4])) }
        #expect(get(0) == nil)
        #expect(get(49) == [1, 2, 3, 4])
        #expect(!put(1, [UInt8](repeating: 0, count: 200)))
        #expect(put(7, [9], expires: 10))
        #expect(get(7, now: 9) == [9])
        #expect(get(7, now: 10) == nil)
    }

    @Test("Every C vocabulary value stands where Domain's word stands")
    func vocabulary() {
        #expect(UInt32(Side.sell.rawValue) == SLUICE_SIDE_SELL)
        #expect(UInt32(OrderType.stopLimit.rawValue) == SLUICE_ORDER_TYPE_STOP_LIMIT)
        #expect(UInt32(Product.cash.rawValue) == SLUICE_PRODUCT_CASH)
        #expect(UInt32(TimeInForce.goodTillDate.rawValue) == SLUICE_TIF_GTD)
        #expect(UInt32(OrderClass.auction.rawValue) == SLUICE_ORDER_CLASS_AUCTION)
        #expect(UInt32(ReportedState.suspended.rawValue) == SLUICE_ORDER_STATE_SUSPENDED)
        #expect(UInt32(ReportedState.other.rawValue) == SLUICE_ORDER_STATE_OTHER)
        #expect(UInt32(AdapterErrorCode.internalError.rawValue) == SLUICE_CODE_INTERNAL)
        #expect(UInt32(AdapterErrorCode.other.rawValue) == SLUICE_CODE_OTHER)
        #expect(UInt32(SessionState.failed.rawValue) == SLUICE_SESSION_FAILED)
        #expect(UInt32(TradingEnvironment.replay.rawValue) == SLUICE_ENVIRONMENT_REPLAY)
        #expect(UInt32(SessionRole.data.rawValue) == SLUICE_ROLE_DATA)
        #expect(OrderFlags.afterMarket.rawValue == SLUICE_ORDER_AFTER_MARKET)
        #expect(AdapterCapabilities.consumesPrices.rawValue == SLUICE_CONSUMES_PRICES)
        #expect(AdapterCapabilities.reconcile.rawValue == SLUICE_CAN_RECONCILE)
        #expect(BrokerOffers.cancelsOnDisconnect.rawValue == SLUICE_CANCELS_ON_DISCONNECT)
    }
}
