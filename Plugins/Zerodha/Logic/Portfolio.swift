import AdapterKit
import Exact

// Rows of the account's money and positions (FACTS.md §8). A number that the broker does not tell stays `nil`.

enum Portfolio {
    /// `GET /user/margins`: one row for the segments that are enabled; all are in rupees. An account without any has
    /// nothing, and an answer that cannot be read has no row.
    ///
    /// `net` is what can be used; what is blocked is `utilised.debits`. `available.cash` is sometimes 0 while `net` is
    /// right, and then cash is `net` + debits - collateral.
    static func funds(_ data: JSONValue, account: Int, now: Timestamp) -> [Funds] {
        let segments =
            data["net"] == nil ? [data["equity"], data["commodity"]].compactMap { $0 }.filter { !$0.isNull } : [data]
        let enabled = segments.filter { $0["enabled"]?.bool != false }
        guard !segments.isEmpty else { return [] }
        // One currency, one row: the broker keeps two purses of the same money.
        var available = ExactDecimal.zero
        var used = ExactDecimal.zero
        var cash = ExactDecimal.zero
        for segment in enabled {
            guard let net = segment["net"]?.decimalOrText, let debits = segment["utilised"]?["debits"]?.decimalOrText
            else { return [] }
            let collateral = segment["available"]?["collateral"]?.decimalOrText ?? .zero
            let stated = segment["available"]?["cash"]?.decimalOrText ?? .zero
            let derived = net.adding(debits)?.subtracting(collateral)
            guard let purse = stated.isZero ? derived : stated, let moreAvailable = available.adding(net),
                let moreUsed = used.adding(debits), let moreCash = cash.adding(purse)
            else { return [] }
            (available, used, cash) = (moreAvailable, moreUsed, moreCash)
        }
        return [
            Funds(
                account: account, currency: "INR", cash: cash, available: available, used: used,
                equity: available.adding(used), asOf: now)
        ]
    }

    /// `GET /portfolio/positions`: the net book. A closed row stays in it with quantity 0.
    ///
    /// - Parameters:
    ///   - unknown: Gets what is held of an instrument that nobody knows.
    ///   - foreign: Gets rows of exchanges that nobody here knows: nothing of ours can be held there.
    static func positions(
        _ data: JSONValue, account: Int, instrument: (Symbol) -> StoredInstrument?, unknown: (Symbol) -> Void,
        foreign: (JSONValue) -> Void = { _ in }
    ) -> [Position]? {
        guard let rows = data["net"]?.array else { return nil }
        var positions: [Position] = []
        for row in rows {
            if let exchange = row["exchange"]?.filled, Exchange(rawValue: exchange) == nil {
                foreign(row)
                continue
            }
            guard let symbol = row.object.flatMap(Symbol.init), let counted = row["quantity"]?.decimalOrText else {
                return nil
            }
            guard let product = KiteProduct.product(row["product"]?.string) else {
                // A closed row holds nothing, whatever it was.
                if counted.isZero { continue }
                return nil
            }
            // What a lot holds says the row itself, where the list does not.
            guard let instrument = instrument(symbol),
                case let lot = instrument.lotSize ?? row["multiplier"]?.decimalOrText.unlessZero,
                let quantity = symbol.units(counted, lotSize: lot)
            else {
                // A closed row of an instrument that nobody knows holds nothing.
                if !counted.isZero { unknown(symbol) }
                continue
            }
            positions.append(
                Position(
                    account: account, instrumentID: instrument.id, product: product, quantity: quantity,
                    averagePrice: row["average_price"]?.decimalOrText, realised: row["realised"]?.decimalOrText,
                    overnightQuantity: row["overnight_quantity"]?.decimalOrText.flatMap {
                        symbol.units($0, lotSize: lot)
                    }))
        }
        return positions
    }

    /// `GET /portfolio/holdings`. What can be sold is at most quantity + t1 - used (FACTS.md §8).
    ///
    /// - Parameter containUnsettled: `quantity` contains `t1_quantity` already.
    static func holdings(
        _ data: JSONValue, account: Int, containUnsettled: Bool, instrument: (Symbol) -> StoredInstrument?,
        unknown: (Symbol) -> Void
    ) -> [Holding]? {
        guard let rows = data.array else { return nil }
        var holdings: [Holding] = []
        for row in rows {
            guard let symbol = row.object.flatMap(Symbol.init), let quantity = row["quantity"]?.decimalOrText else {
                return nil
            }
            guard let instrument = instrument(symbol) else {
                unknown(symbol)
                continue
            }
            let unsettled = containUnsettled ? .zero : row["t1_quantity"]?.decimalOrText ?? .zero
            let used = row["used_quantity"]?.decimalOrText ?? .zero
            let held = quantity.adding(unsettled)
            holdings.append(
                Holding(
                    account: account, instrumentID: instrument.id, quantity: held ?? quantity,
                    free: held?.subtracting(used), pledged: row["collateral_quantity"]?.decimalOrText,
                    averagePrice: row["average_price"]?.decimalOrText))
        }
        return holdings
    }
}
