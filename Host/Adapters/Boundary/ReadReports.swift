import CSluice
import Domain

/// Reads an adapter's reports for one session: turns account indices into ids and checks every field. Lane only.
final class ReportReader {
    let accounts: [Account]
    /// Instrument ids that were found canonical: the same few come with every execution, and parsing one costs more
    /// than all the rest of a report.
    private var canonical: Set<String> = []

    init(accounts: [Account]) { self.accounts = accounts }

    func id(_ index: UInt32, _ field: StaticString) throws(ContractBreach) -> AccountID {
        guard Int(index) < accounts.count else {
            throw ContractBreach("\(field)", "is \(index); the session has accounts 0 to \(accounts.count - 1)")
        }
        return accounts[Int(index)].id
    }

    fileprivate func isKnown(_ text: String) -> Bool { canonical.contains(text) }

    fileprivate func remember(_ text: String) {
        if canonical.count >= Bounds.watchedInstruments { canonical.removeAll(keepingCapacity: true) }
        canonical.insert(text)
    }
}

/// The state word of an order; `nil` where absent, `.other` where this host does not know it.
@inline(__always)
func reportedState(_ raw: UInt32) -> ReportedState? {
    raw == 0 ? nil : UInt8(exactly: raw).flatMap(ReportedState.init(rawValue:)) ?? .other
}

/// A word of ours inside an adapter's row: `nil` where absent or unknown to this host.
func word<Word: VocabularyWord>(_ raw: UInt32) -> Word? { UInt8(exactly: raw).flatMap(Word.init(rawValue:)) }

extension ReportReader {
    /// Reads one `sluice_order_update`.
    func orderReport(_ pointer: UnsafeRawPointer) throws(ContractBreach) -> OrderReport {
        let update = pointer.assumingMemoryBound(to: sluice_order_update.self)
        guard update.pointee.ref.struct_size >= UInt32(EntitySize.orderReference) else {
            throw ContractBreach(
                "ref.struct_size", "is \(update.pointee.ref.struct_size); at least \(EntitySize.orderReference)")
        }
        guard let state = reportedState(update.pointee.state) else {
            throw ContractBreach("state", "is absent; an order update always has one")
        }
        var reason = try readError(update.pointee.reason, "reason")?.value
        if state == .other, reason == nil {
            let word = try update.pointee.raw_state.text("raw_state") ?? "\(update.pointee.state)"
            reason = AdapterError(code: .other, text: "the broker's state is \(word)")
        }
        return OrderReport(
            account: try id(update.pointee.ref.account, "ref.account"),
            clientOrderID: try update.pointee.ref.client_reference.clientOrderID("ref.client_reference"),
            brokerOrderID: try update.pointee.ref.broker_order_id.text("ref.broker_order_id"),
            exchangeOrderID: try update.pointee.ref.exchange_order_id.text("ref.exchange_order_id"), state: state,
            cumulativeQuantity: try nonNegative(update.pointee.cumulative_quantity, "cumulative_quantity"),
            leavesQuantity: try nonNegative(update.pointee.leaves_quantity, "leaves_quantity"),
            averagePrice: try update.pointee.average_price.value("average_price"), reason: reason,
            brokerTime: timestamp(update.pointee.broker_time),
            adapterState: try update.pointee.ref.adapter_state.bytes(
                "ref.adapter_state", limit: Bounds.adapterStateBytes))
    }

    /// Reads one `sluice_trade_update`. What would move a position must be whole: a gap refuses the report.
    func executionReport(_ pointer: UnsafeRawPointer) throws(ContractBreach) -> ExecutionReport {
        let update = pointer.assumingMemoryBound(to: sluice_trade_update.self)
        guard update.pointee.ref.struct_size >= UInt32(EntitySize.orderReference) else {
            throw ContractBreach(
                "ref.struct_size", "is \(update.pointee.ref.struct_size); at least \(EntitySize.orderReference)")
        }
        guard let kind = UInt8(exactly: update.pointee.kind).flatMap(ExecutionReport.Kind.init(rawValue:)) else {
            throw ContractBreach("kind", "is \(update.pointee.kind); new 1, correct 2 or bust 3")
        }
        guard let side: Side = word(update.pointee.side) else {
            throw ContractBreach("side", "is \(update.pointee.side); buy 1 or sell 2")
        }
        let replaces = try update.pointee.replaces.text("replaces")
        guard kind == .new || replaces != nil else {
            throw ContractBreach(
                "replaces", "is absent; a correction or bust names the execution it takes the place of")
        }
        // A bust takes an execution back: its own figures are for reading only.
        let quantity =
            kind == .bust
            ? try nonNegative(update.pointee.quantity, "quantity") ?? .zero
            : try update.pointee.quantity.required("quantity")
        let price =
            kind == .bust
            ? try update.pointee.price.value("price") ?? .zero : try update.pointee.price.required("price")
        guard kind == .bust || (!quantity.isNegative && !quantity.isZero) else {
            throw ContractBreach("quantity", "is \(quantity); an execution's quantity is positive")
        }
        return ExecutionReport(
            account: try id(update.pointee.ref.account, "ref.account"), kind: kind,
            executionID: try update.pointee.execution_id.required("execution_id"), replaces: replaces,
            clientOrderID: try update.pointee.ref.client_reference.clientOrderID("ref.client_reference"),
            brokerOrderID: try update.pointee.ref.broker_order_id.text("ref.broker_order_id"),
            symbol: try instrument(update.pointee.instrument_id, "instrument_id"), side: side,
            lastQuantity: quantity, lastPrice: price, fees: try fees(update.pointee.fees),
            transactTime: timestamp(update.pointee.trade_time))
    }

    private func fees(_ span: sluice_span) throws(ContractBreach) -> ExactDecimal {
        let reader = try SpanReader(span, size: EntitySize.fee, limit: Bounds.feesPerTrade, "fees")
        var total = ExactDecimal.zero
        for index in 0..<reader.count {
            let fee = try reader.element(index, size: EntitySize.fee, "fees").assumingMemoryBound(to: sluice_fee.self)
            guard let sum = total.adding(try fee.pointee.amount.required("fees.amount")) else {
                throw ContractBreach("fees", "their sum has more digits than can be held")
            }
            total = sum
        }
        return total
    }

    /// A canonical instrument id; `nil` where absent.
    func instrument(_ text: sluice_str, _ field: StaticString) throws(ContractBreach) -> InstrumentID? {
        guard let text = try text.text(field, limit: 128) else { return nil }
        if isKnown(text) { return InstrumentID(canonical: text) }
        do {
            let id = try InstrumentID(text)
            guard id.text == text else { throw ContractBreach("\(field)", "\(text) is not canonical; \(id) is") }
            remember(text)
            return id
        } catch let error as ContractBreach {
            throw error
        } catch {
            throw ContractBreach("\(field)", "\(text): \(error)")
        }
    }

    func currency(_ text: sluice_str, _ field: StaticString) throws(ContractBreach) -> Currency {
        let text = try text.required(field, limit: 8)
        guard let currency = Currency(text) else {
            throw ContractBreach("\(field)", "\(text) is not a currency: 1 to 8 characters of A-Z 0-9")
        }
        return currency
    }

    func nonNegative(_ value: sluice_decimal, _ field: StaticString) throws(ContractBreach) -> ExactDecimal? {
        guard let value = try value.value(field) else { return nil }
        guard !value.isNegative else { throw ContractBreach("\(field)", "is \(value); it is never negative") }
        return value
    }
}
