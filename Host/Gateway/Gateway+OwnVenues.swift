import Domain
import Engine
import Instruments

// `ANY:SPOT:BTC-USDT` is at each account what its adapter lists of that kind and those terms at one of its own venues
// (INTERFACES.md §2), so that one parent fans out over several exchanges.

extension Gateway {
    /// Named of what was found in the place of an instrument; the others are counted.
    private static let namedFindings = 8

    /// Makes the instruments of an order known to the engine.
    ///
    /// - Returns: what each account trades, where the order names the accounts' own venues; else `nil`.
    /// - Throws: where no account has an instrument for it. Where some have, the legs of the others are refused.
    func define(instrumentsOf order: ParentOrder, _ state: inout State) throws(GatewayError) -> LegInstruments? {
        guard order.symbol.isOfAnyVenue else {
            try define(order.symbol, &state)
            return nil
        }
        // A group or account that does not exist is the engine's to refuse.
        guard let accounts = accounts(of: order.target, state) else { return nil }
        let snapshot = market.instruments.snapshot
        var listings: [AdapterID: [InstrumentID]] = [:]
        var found: [(account: Int32, instrument: LegInstruments.Found)] = []
        for account in accounts {
            let adapter = state.engine.accounts[Int(account)].account.adapter
            let listed = listings[adapter] ?? snapshot.listings(of: adapter.rawValue, like: order.symbol)
            listings[adapter] = listed
            found.append((account, instrument(order, account, listed, snapshot, &state)))
        }
        guard let scale = found.lazy.compactMap(\.instrument.number).first else {
            throw .refused(nothing(order, found, state))
        }
        var instruments = LegInstruments(scale: scale)
        for finding in found { instruments.add(finding.account, finding.instrument) }
        return instruments
    }

    /// Accounts that take part in an order, by number; `nil` = it names none that exists.
    private func accounts(of target: ParentOrder.Target, _ state: borrowing State) -> [Int32]? {
        switch target {
        case .account(let id): return state.engine.accountNumber(id).map { [$0] }
        case .group(let id):
            guard let members = state.engine.group(id)?.members else { return nil }
            return members.filter(\.isEnabled).compactMap { state.engine.accountNumber($0.account) }
        }
    }

    /// What an account trades for an order: what its adapter lists, if that is one. Where an order that only reduces could be
    /// of several, only what the account holds can be meant; where none is listed, what it holds can still be closed.
    private func instrument(
        _ order: ParentOrder, _ account: Int32, _ listed: [InstrumentID], _ snapshot: InstrumentSnapshot,
        _ state: inout State
    ) -> LegInstruments.Found {
        let adapter = state.engine.accounts[Int(account)].account.adapter.rawValue
        if listed.count == 1 { return defined(listed[0], &state) { .instrument($0) } }
        let held = state.engine.holdings(of: account, like: order.symbol)
        guard listed.isEmpty else {
            let reducible = order.isReduceOnly ? listed.filter { held.contains($0) } : []
            if reducible.count == 1 { return defined(reducible[0], &state) { .instrument($0) } }
            return .ambiguous("\(adapter) lists \(Self.list(listed.map(\.text)))")
        }
        let terms = order.symbol.text.drop { $0 != ":" }.dropFirst()
        let venues = snapshot.venues(of: adapter)
        let found =
            venues.isEmpty ? "\(adapter) lists no instruments" : "\(adapter) lists no \(terms) on \(Self.list(venues))"
        return held.count == 1 ? defined(held[0], &state) { .held($0, found) } : .unlisted(found)
    }

    /// Makes an instrument known to the engine.
    private func defined(
        _ id: InstrumentID, _ state: inout State, _ found: (Int32) -> LegInstruments.Found
    ) -> LegInstruments.Found {
        do throws(GatewayError) {
            try define(id, &state)
        } catch {
            guard case .refused(let refusal) = error else { return .unusable(id.text) }
            return .unusable("\(id): \(refusal.message)")
        }
        return state.engine.instrumentNumber(id).map(found) ?? .unlisted("\(id) is not in today's master")
    }

    private func nothing(
        _ order: ParentOrder, _ found: [(account: Int32, instrument: LegInstruments.Found)], _ state: borrowing State
    ) -> ParentRefusal {
        guard !found.isEmpty else {
            return ParentRefusal(
                code: "empty_group", path: "", value: "", message: "the group has no account that takes part",
                remedy: "add an account to the group or enable one")
        }
        let findings = found.map { finding in
            "\(state.engine.accounts[Int(finding.account)].account.id): \(finding.instrument.text)"
        }
        return ParentRefusal(
            code: "unknown_instrument", path: "/symbol", value: order.symbol.text,
            message: "no account has one instrument for it: \(Self.list(findings, separator: "; "))",
            remedy: "name an instrument of a venue; GET /api/symbols/search finds one")
    }

    private static func list(_ texts: [String], separator: String = ", ") -> String {
        let named = texts.prefix(namedFindings).joined(separator: separator)
        return texts.count > namedFindings ? "\(named) and \(texts.count - namedFindings) more" : named
    }
}

extension Engine {
    /// Instruments of an id's kind and terms, whatever their venue, in which an account has a position.
    fileprivate func holdings(of account: Int32, like id: InstrumentID) -> [InstrumentID] {
        InstrumentID.venues.sorted().lazy.map { id.at($0) }.filter { named in
            instrumentNumber(named).flatMap { book.position(account, $0) }.map { $0.quantity != 0 } ?? false
        }
    }
}
