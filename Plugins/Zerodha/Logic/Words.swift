import AdapterKit

// The broker's words for what an order is. Each table is total in one direction and refuses in the other: a word that
// is not in it is told by name, never taken for a neighbour. Source: FACTS.md of the venue, §3.2, §3.3 and §4.

/// The segment an instrument trades in, as the broker writes it; the same words as our venues.
enum Exchange: String, CaseIterable, Sendable {
    case nse = "NSE"
    case bse = "BSE"
    case nfo = "NFO"
    case bfo = "BFO"
    case cds = "CDS"
    case bcd = "BCD"
    case mcx = "MCX"
    case nco = "NCO"

    /// Whether orders and positions count lots here, where our unit of quantity is what the exchange counts.
    var countsLots: Bool { self == .mcx || self == .cds || self == .bcd || self == .nco }
    /// Whether quantities come in lots here, in whatever they are counted.
    var isDerivative: Bool { self != .nse && self != .bse }
}

/// The first part of an order's path.
enum Variety: String, Sendable {
    case regular
    case afterMarket = "amo"
    case cover = "co"
    case iceberg
    case auction

    /// `/orders/{variety}`.
    var path: String {
        switch self {
        case .regular: "/orders/regular"
        case .afterMarket: "/orders/amo"
        case .cover: "/orders/co"
        case .iceberg: "/orders/iceberg"
        case .auction: "/orders/auction"
        }
    }

    /// The variety of a class and the after-market wish; the two do not mix.
    static func of(_ orderClass: OrderClass, afterMarket: Bool) throws(AdapterError) -> Variety {
        if afterMarket, orderClass != .regular {
            throw AdapterError.unsupported("after-market orders are of class REGULAR", field: "order_class")
        }
        switch orderClass {
        case .regular: return afterMarket ? .afterMarket : .regular
        case .cover: return .cover
        case .iceberg: return .iceberg
        case .auction: return .auction
        case .bracket: throw AdapterError.unsupported("the broker withdrew bracket orders", field: "order_class")
        }
    }
}

/// How the broker calls a product.
enum KiteProduct: String, Sendable {
    case cashAndCarry = "CNC"
    case intraday = "MIS"
    case normal = "NRML"
    case marginFunded = "MTF"

    /// The broker's word for a product.
    static func of(_ product: Product) throws(AdapterError) -> KiteProduct {
        switch product {
        case .delivery: return .cashAndCarry
        case .intraday: return .intraday
        case .carry: return .normal
        case .margin: return .marginFunded
        case .cash:
            throw AdapterError.unsupported(
                "CASH is no product here: DELIVERY, INTRADAY, CARRY or MARGIN", field: "product")
        }
    }

    /// Our word for the broker's; the remaining words of its books (CO, BO) are intraday by their nature.
    static func product(_ word: String?) -> Product? {
        switch word {
        case "CNC": .delivery
        case "MIS", "CO", "BO": .intraday
        case "NRML": .carry
        case "MTF": .margin
        default: nil
        }
    }
}

/// How the broker calls an order type.
enum KiteOrderType: String, Sendable {
    case market = "MARKET"
    case limit = "LIMIT"
    case stopLimit = "SL"
    case stopMarket = "SL-M"

    /// The broker's word for a type.
    static func of(_ type: OrderType) -> KiteOrderType {
        switch type {
        case .market: .market
        case .limit: .limit
        case .stop: .stopMarket
        case .stopLimit: .stopLimit
        }
    }

    /// Our word for the broker's.
    var type: OrderType {
        switch self {
        case .market: .market
        case .limit: .limit
        case .stopLimit: .stopLimit
        case .stopMarket: .stop
        }
    }

    /// Whether the broker turns it into a limit order inside a band, and wants to hear how wide that is.
    var needsProtection: Bool { self == .market || self == .stopMarket }
}

/// Which way, in the broker's word.
enum Direction {
    /// The broker's word for a side.
    static func word(_ side: Side) -> String { side == .buy ? "BUY" : "SELL" }
    /// Our word for the broker's.
    static func side(_ word: String?) -> Side? {
        switch word {
        case "BUY": .buy
        case "SELL": .sell
        default: nil
        }
    }
}

/// The state of an order from the broker's word and its quantities.
enum KiteStatus {
    /// Our word. `nil`: the word is no state (`UPDATE`) or none that is known; the order keeps what it has.
    ///
    /// - Parameters:
    ///   - word: `status` of an order record.
    ///   - filled: `filled_quantity`, whatever unit.
    static func state(_ word: String, isPartlyFilled: Bool) -> OrderState? {
        switch word {
        case "PUT ORDER REQ RECEIVED", "PUT ORDER REQUEST RECEIVED", "VALIDATION PENDING", "OPEN PENDING",
            "AMO REQ RECEIVED":
            .pendingNew
        case "OPEN", "MODIFIED": isPartlyFilled ? .partiallyFilled : .open
        case "TRIGGER PENDING": .triggerPending
        case "MODIFY VALIDATION PENDING", "MODIFY PENDING": .pendingModify
        case "CANCEL PENDING": .pendingCancel
        case "COMPLETE": .filled
        case "CANCELLED", "CANCELLED AMO": .canceled
        // What was filled stays filled: only the rest was refused.
        case "REJECTED": isPartlyFilled ? .canceled : .rejected
        default: nil
        }
    }
}

extension AdapterError {
    /// A wish the broker does not offer: nothing is sent, and the field is named.
    static func unsupported(_ text: String, field: String) -> AdapterError {
        AdapterError(.unsupported, text, field: field, certainty: .notSent, retry: .never)
    }

    /// A wish that is written wrongly: nothing is sent, and the field is named.
    static func invalid(_ text: String, field: String) -> AdapterError {
        AdapterError(.invalid, text, field: field, certainty: .notSent, retry: .never)
    }
}
