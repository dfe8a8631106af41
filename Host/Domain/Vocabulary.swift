/// Words that orders are made of, as outsiders write them (`rawName`), as the journal stores them (`rawValue`).
///
/// Raw values are stored and sent to adapters: they are never renumbered, and 0 stays free for "absent".
package protocol VocabularyWord: RawRepresentable, CaseIterable, Hashable, Sendable where RawValue == UInt8 {
    /// The word in requests, answers and files, in capitals.
    var rawName: String { get }
}

extension VocabularyWord {
    /// Looks a word up by its exact spelling. `nil` for any other text: unknown words are refused, never defaulted.
    package init?(rawName: String) {
        guard let word = Self.allCases.first(where: { $0.rawName == rawName }) else { return nil }
        self = word
    }

    /// Every word of the vocabulary, for error messages: `BUY, SELL`.
    package static var choices: String { allCases.map(\.rawName).joined(separator: ", ") }
}

/// FIX 54.
package enum Side: UInt8, VocabularyWord {
    case buy = 1
    case sell = 2

    package var rawName: String { self == .buy ? "BUY" : "SELL" }
    /// +1 for a buy, -1 for a sell: the `d` of the risk formulas.
    package var sign: Int64 { self == .buy ? 1 : -1 }
    package var opposite: Side { self == .buy ? .sell : .buy }
}

/// FIX 40.
package enum OrderType: UInt8, VocabularyWord {
    case market = 1
    case limit = 2
    case stop = 3
    case stopLimit = 4

    package var rawName: String {
        switch self {
        case .market: "MARKET"
        case .limit: "LIMIT"
        case .stop: "STOP"
        case .stopLimit: "STOP_LIMIT"
        }
    }
    package var hasLimitPrice: Bool { self == .limit || self == .stopLimit }
    package var hasStopPrice: Bool { self == .stop || self == .stopLimit }
}

package enum Product: UInt8, VocabularyWord {
    case intraday = 1
    case delivery = 2
    case carry = 3
    case margin = 4
    case cash = 5

    package var rawName: String {
        switch self {
        case .intraday: "INTRADAY"
        case .delivery: "DELIVERY"
        case .carry: "CARRY"
        case .margin: "MARGIN"
        case .cash: "CASH"
        }
    }
}

/// FIX 59.
package enum TimeInForce: UInt8, VocabularyWord {
    case day = 1
    case immediateOrCancel = 2
    case fillOrKill = 3
    case goodTillCancel = 4
    case goodTillDate = 5

    package var rawName: String {
        switch self {
        case .day: "DAY"
        case .immediateOrCancel: "IOC"
        case .fillOrKill: "FOK"
        case .goodTillCancel: "GTC"
        case .goodTillDate: "GTD"
        }
    }
}

package enum OrderClass: UInt8, VocabularyWord {
    case regular = 1
    case cover = 2
    case bracket = 3
    case iceberg = 4
    case auction = 5

    package var rawName: String {
        switch self {
        case .regular: "REGULAR"
        case .cover: "COVER"
        case .bracket: "BRACKET"
        case .iceberg: "ICEBERG"
        case .auction: "AUCTION"
        }
    }
}

/// How a fan-out treats legs that risk refuses (RISK.md §4.3).
package enum ExecutionMode: UInt8, VocabularyWord {
    case bestEffort = 1
    case allOrNone = 2
    case quorum = 3
    case clip = 4

    package var rawName: String {
        switch self {
        case .bestEffort: "best_effort"
        case .allOrNone: "all_or_none"
        case .quorum: "quorum"
        case .clip: "clip"
        }
    }
}

/// What becomes of the other legs when a broker rejects one (RISK.md §4.3).
package enum LegFailurePolicy: UInt8, VocabularyWord {
    case leave = 1
    case cancelRest = 2
    case unwind = 3

    package var rawName: String {
        switch self {
        case .leave: "leave"
        case .cancelRest: "cancel_rest"
        case .unwind: "unwind"
        }
    }
}

/// Whether allocation remainders are carried to the next order (RISK.md §5.1).
package enum CarryMode: UInt8, VocabularyWord {
    case auto = 1
    case on = 2
    case off = 3

    package var rawName: String {
        switch self {
        case .auto: "auto"
        case .on: "on"
        case .off: "off"
        }
    }
}

/// Where an account trades.
package enum TradingEnvironment: UInt8, VocabularyWord {
    case live = 1
    case sandbox = 2
    case replay = 3

    package var rawName: String {
        switch self {
        case .live: "live"
        case .sandbox: "sandbox"
        case .replay: "replay"
        }
    }
}
