import AdapterKit
import Exact

/// An order as the broker's books, postbacks and stream tell it (FACTS.md §4).
struct OrderRecord {
    let orderID: String
    let exchangeOrderID: String?
    let parentOrderID: String?
    let status: String
    let statusMessage: String?
    /// `nil` where the broker names an exchange that nobody here knows, or no instrument: the order is known by its id.
    let symbol: Symbol?
    let variety: Variety?
    let side: Side?
    let type: KiteOrderType?
    let product: Product?
    let validity: String?
    /// In what the broker counts.
    let quantity: ExactDecimal?
    let filled: ExactDecimal
    let pending: ExactDecimal?
    let disclosed: ExactDecimal?
    let price: ExactDecimal?
    let triggerPrice: ExactDecimal?
    let averagePrice: ExactDecimal?
    let time: Timestamp?
    /// Everything the venue or the caller wrote on it.
    let tags: [String]
    /// Which leg of an iceberg it is.
    let iceberg: Iceberg?

    struct Iceberg: Equatable {
        let leg: Int64
        let legs: Int64
        /// In what the broker counts.
        let total: ExactDecimal
    }

    /// Reads one record.
    ///
    /// - Returns: `nil` without an id: a record nobody can act on.
    init?(_ value: JSONValue) {
        guard let object = value.object, let orderID = object["order_id"]?.identifier else { return nil }
        self.orderID = orderID
        status = object["status"]?.filled ?? ""
        symbol = Symbol(object)
        exchangeOrderID = object["exchange_order_id"]?.identifier
        parentOrderID = object["parent_order_id"]?.identifier
        statusMessage = object["status_message"]?.filled ?? object["status_message_raw"]?.filled
        variety = object["variety"]?.string.flatMap(Variety.init(rawValue:))
        side = Direction.side(object["transaction_type"]?.string)
        type = object["order_type"]?.string.flatMap(KiteOrderType.init(rawValue:))
        product = KiteProduct.product(object["product"]?.string)
        validity = object["validity"]?.filled
        quantity = object["quantity"]?.decimalOrText
        filled = object["filled_quantity"]?.decimalOrText ?? .zero
        pending = object["pending_quantity"]?.decimalOrText
        disclosed = object["disclosed_quantity"]?.decimalOrText
        price = object["price"]?.decimalOrText.unlessZero
        triggerPrice = object["trigger_price"]?.decimalOrText.unlessZero
        averagePrice = object["average_price"]?.decimalOrText.unlessZero
        time =
            (object["exchange_update_timestamp"]?.filled ?? object["order_timestamp"]?.filled)
            .flatMap(IndianTime.instant)
        var tags = object["tags"]?.array?.compactMap(\.string) ?? []
        if let tag = object["tag"]?.filled, !tags.contains(tag) { tags.insert(tag, at: 0) }
        self.tags = tags
        if let meta = object["meta"]?["iceberg"], let leg = meta["leg"]?.int64, let legs = meta["legs"]?.int64,
            let total = meta["total_quantity"]?.decimalOrText
        {
            iceberg = Iceberg(leg: leg, legs: legs, total: total)
        } else {
            iceberg = nil
        }
    }

    /// The first of the orders that the broker cut one into, where this is another of them. Not of the first itself.
    var slicedFrom: String? {
        tags.lazy.compactMap { tag in
            tag.hasPrefix(Self.sliceMark) ? String(tag.dropFirst(Self.sliceMark.count)) : nil
        }.first
    }

    private static let sliceMark = "autoslice:"

    /// Whether it is one of several that together are one order of ours, as far as its tags say: the first slice carries no
    /// mark (`Slices`). Without a reference nothing says what else belongs to it: then it is told as the order it is.
    var isPart: Bool {
        slicedFrom != nil || (clientReference != nil && (iceberg != nil || tags.contains { $0 == "autoslice" }))
    }

    /// Our word for the status; `nil` keeps what is known.
    var state: OrderState? { KiteStatus.state(status, isPartlyFilled: filled > .zero) }

    /// The same, and what quantities alone say where the broker's word is none (`UPDATE`: a part has filled).
    var hintedState: OrderState? {
        if let state { return state }
        guard status == "UPDATE", filled > .zero, let quantity, filled < quantity else { return nil }
        return .partiallyFilled
    }

    var isFinal: Bool {
        switch state {
        case .filled, .canceled, .rejected, .expired: true
        default: false
        }
    }

    /// Whether one of the tags is this reference: the only mark of ours that the broker carries. Not of a cover order's
    /// stop, which is an order of its own with its entry's tag.
    func carries(_ reference: ClientReference) -> Bool {
        !isStopOfCover && tags.contains(reference.description)
    }

    private var isStopOfCover: Bool { parentOrderID != nil && variety == .cover }

    /// The host's reference among the tags; the venue adds words of its own (`mktp:2.00`, `autoslice`). The stop of a
    /// cover order is an order of its own: it has none, though it may carry its entry's tag.
    var clientReference: ClientReference? {
        guard !isStopOfCover else { return nil }
        return tags.lazy.filter { !$0.hasPrefix("mktp") && !$0.hasPrefix("autoslice") }
            .compactMap { ClientReference($0) }.first
    }

    /// How the order is called.
    func identity(account: Int) -> OrderIdentity {
        OrderIdentity(
            account: account, brokerOrderID: orderID, clientReference: clientReference,
            exchangeOrderID: exchangeOrderID,
            adapterState: commandVariety.map {
                KnownOrder.state($0, parentOrderID: parentOrderID, isSeveral: isPart && iceberg == nil)
            })
    }

    /// The variety that a modify or cancel has to name: an after-market order is a regular one as soon as it is at the
    /// exchange, though its record still says otherwise (FACTS.md §3.3).
    var commandVariety: Variety? {
        guard variety == .afterMarket else { return variety }
        switch status {
        case "OPEN PENDING", "OPEN", "TRIGGER PENDING", "MODIFIED", "CANCEL PENDING", "COMPLETE": return .regular
        default: return .afterMarket
        }
    }

    /// The news in our words.
    ///
    /// Leaves are 0 in every final state, whatever `pending_quantity` says there (FACTS.md §4).
    ///
    /// - Parameter instrument: What the host knows by this name; its lot turns lots into units.
    func update(account: Int, instrument: StoredInstrument?, withOrder: Bool) -> OrderUpdate {
        let lot = instrument?.lotSize
        let reason = state == .rejected || state == .canceled ? refusal : nil
        return OrderUpdate(
            identity(account: account), hintedState ?? .other,
            cumulativeQuantity: units(filled, lotSize: lot),
            leavesQuantity: isFinal ? .zero : pending.flatMap { units($0, lotSize: lot) },
            averagePrice: averagePrice, reason: reason, brokerTime: time,
            rawState: hintedState == nil && !status.isEmpty ? status : nil,
            order: withOrder ? instrument.flatMap { order(account: account, instrument: $0) } : nil)
    }

    /// What the broker counts of it, in our units; `nil` where that cannot be said.
    func units(_ counted: ExactDecimal, lotSize: ExactDecimal?) -> ExactDecimal? {
        symbol?.units(counted, lotSize: lotSize)
    }

    private var refusal: AdapterError? {
        guard let statusMessage else { return nil }
        return AdapterError(.brokerRisk, certainty: .rejected, brokerText: statusMessage)
    }

    /// The order as the broker holds it; `nil` where a word of it is unknown.
    private func order(account: Int, instrument: StoredInstrument) -> StoredOrder? {
        guard let side, let type, let product,
            let quantity = quantity.flatMap({ units($0, lotSize: instrument.lotSize) }),
            quantity > .zero
        else { return nil }
        let timeInForce: TimeInForce
        switch validity {
        case "DAY": timeInForce = .day
        case "IOC": timeInForce = .immediateOrCancel
        case "TTL": timeInForce = .goodTillDate
        default: return nil
        }
        let orderClass: OrderClass
        switch variety {
        case .cover: orderClass = .cover
        case .iceberg: orderClass = .iceberg
        case .auction: orderClass = .auction
        case .regular, .afterMarket, nil: orderClass = .regular
        }
        return StoredOrder(
            account: account, instrument: instrument, side: side, type: type.type, quantity: quantity,
            price: type == .limit || type == .stopLimit ? price : nil, triggerPrice: triggerPrice, product: product,
            timeInForce: timeInForce, orderClass: orderClass, flags: variety == .afterMarket ? .afterMarket : [],
            clientReference: clientReference, disclosedQuantity: disclosed)
    }
}

/// A trade of the broker's book (FACTS.md §4).
struct TradeRecord {
    let tradeID: String
    let orderID: String
    let exchangeOrderID: String?
    let symbol: Symbol
    let side: Side
    let quantity: ExactDecimal
    let price: ExactDecimal
    let time: Timestamp?
    /// The Indian day it belongs to: the book holds the day it is read on alone (FACTS.md §3.1).
    private let day: Int

    /// Reads one record; `nil` where a part is missing that an execution cannot lack.
    ///
    /// - Parameter now: Whose Indian day a bare time of day belongs to.
    init?(_ value: JSONValue, now: Timestamp) {
        guard let object = value.object, let tradeID = object["trade_id"]?.identifier,
            let orderID = object["order_id"]?.identifier,
            let symbol = Symbol(object), let side = Direction.side(object["transaction_type"]?.string),
            let quantity = object["quantity"]?.decimalOrText, quantity > .zero,
            let price = object["average_price"]?.decimalOrText
        else { return nil }
        self.tradeID = tradeID
        self.orderID = orderID
        exchangeOrderID = object["exchange_order_id"]?.identifier
        self.symbol = symbol
        self.side = side
        self.quantity = quantity
        self.price = price
        let texts = ["fill_timestamp", "exchange_timestamp", "order_timestamp"].compactMap { object[$0]?.filled }
        time =
            texts.lazy.compactMap(IndianTime.instant).first
            ?? texts.lazy.compactMap { IndianTime.instant(timeOfDay: $0, onTheDayOf: now) }.first
        day = IndianTime.dayNumber(time ?? now)
    }

    /// The execution's id. A trade id is unique for an exchange and a day only (FACTS.md §4), so both are part of it.
    var executionID: String { "\(symbol.exchange.rawValue)-\(day)-\(tradeID)-\(orderID)" }

    /// The execution in our words; `nil` where lots are counted and the lot is not known.
    ///
    /// - Parameter order: The broker's id of the order of ours that it is of, where that is not the trade's own.
    func update(
        account: Int, instrument: StoredInstrument?, reference: ClientReference?, order: String? = nil
    ) -> TradeUpdate? {
        guard let units = symbol.units(quantity, lotSize: instrument?.lotSize) else { return nil }
        return TradeUpdate(
            OrderIdentity(
                account: account, brokerOrderID: order ?? orderID, clientReference: reference,
                exchangeOrderID: exchangeOrderID),
            executionID: executionID, side: side, quantity: units, price: price, instrumentID: instrument?.id,
            tradeTime: time)
    }
}

extension JSONValue {
    /// Text that says something; `nil` for `null`, `""` and every other kind.
    var filled: String? {
        guard let string, !string.isEmpty else { return nil }
        return string
    }

    /// An id, which may come as text or as a number too long for 53 bits: the digits as they were written.
    var identifier: String? {
        if case .number(let token) = self { return token }
        return filled
    }
}

extension ExactDecimal? {
    /// The broker writes 0 where there is none.
    var unlessZero: ExactDecimal? { self?.isZero == false ? self : nil }
}
