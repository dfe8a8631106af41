package import Domain

/// Why the instrument master keeps opening orders on an instrument back, at every account or at those of one adapter.
/// Strict closing orders pass: nobody is locked into a position by a figure that brokers disagree on.
///
/// An input, as prices are: never in the journal. What it refused is, with the numbers.
package struct InstrumentHold: Hashable, Sendable {
    package enum Ground: Hashable, Sendable {
        /// It goes by another id now.
        case renamed
        /// No source lists it any more; the figures of its last listing stand.
        case withdrawn
        /// A figure is missing in today's master; `nil` = one cannot be counted. The last one known stands.
        case fieldMissing(Field?)
        /// The adapter's figures are not of today's session; the age in milliseconds.
        case stale(ageMilliseconds: Int64)
        /// The adapter says another figure than the one in force.
        case differs(Field)
    }

    package enum Field: String, Hashable, Sendable, CaseIterable {
        case currency, tick
        case lot = "lot_size"
        case multiplier
        case freeze = "freeze_quantity"
        case expiry
    }

    /// `nil` = every adapter.
    package var adapter: AdapterID?
    package var ground: Ground
    /// The figures as the master says them; `nil` where the ground has none.
    package var inForce: ExactDecimal?
    package var stated: ExactDecimal?

    package init(
        adapter: AdapterID? = nil, _ ground: Ground, inForce: ExactDecimal? = nil, stated: ExactDecimal? = nil
    ) {
        (self.adapter, self.ground, self.inForce, self.stated) = (adapter, ground, inForce, stated)
    }

    /// The refusal of a leg. Figures that do not fit the instrument's own units are left out of it, never rounded.
    func rejection(on instrument: Instrument) -> Rejection {
        func made(
            _ sentence: Rejection.Sentence, _ unit: Rejection.Unit, _ number: (ExactDecimal) -> Int64?
        ) -> Rejection {
            guard let ours = inForce.flatMap(number), let theirs = stated.flatMap(number) else {
                return Rejection(.instrument, sentence, scope: .adapter)
            }
            return Rejection(
                .instrument, sentence, scope: .adapter, unit: unit, limit: ours, observed: theirs, projected: theirs)
        }
        switch ground {
        case .renamed: return Rejection(.instrument, .instrumentRenamed, scope: .instrument)
        case .withdrawn: return Rejection(.instrument, .instrumentWithdrawn, scope: .instrument)
        case .fieldMissing(let field):
            let sentence: Rejection.Sentence =
                switch field {
                case .currency: .currencyMissing
                case .tick: .tickMissing
                case .lot: .lotMissing
                case .multiplier: .multiplierMissing
                case .freeze, .expiry, nil: .unknownField
                }
            return Rejection(.instrument, sentence, cause: .noInput, scope: .instrument)
        case .stale(let age):
            return Rejection(
                .instrument, .instrumentStale, cause: .stale, scope: .adapter, unit: .milliseconds, observed: age,
                projected: age, inputAge: saturatingProduct(age, 1_000_000))
        case .differs(.tick): return made(.tickDiffers, .price) { instrument.points($0) }
        case .differs(.lot): return made(.lotDiffers, .quantity) { instrument.steps($0) }
        case .differs(.freeze): return made(.freezeDiffers, .quantity) { instrument.steps($0) }
        case .differs(.multiplier): return made(.multiplierDiffers, .count) { $0.int64 }
        // A date as a number, 20261231.
        case .differs(.expiry): return made(.expiryDiffers, .count) { $0.int64 }
        case .differs(.currency): return made(.currencyDiffers, .none) { _ in nil }
        }
    }

    private func saturatingProduct(_ value: Int64, _ factor: Int64) -> Int64 {
        let (product, overflow) = value.multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}

extension Rejection.Sentence {
    /// Said for a hold, whose ground the journal does not hold.
    var isInstrumentHold: Bool {
        switch self {
        case .unknownField, .instrumentRenamed, .instrumentStale, .tickDiffers, .lotDiffers, .freezeDiffers,
            .multiplierDiffers, .expiryDiffers, .currencyDiffers, .instrumentWithdrawn, .tickMissing, .lotMissing,
            .multiplierMissing, .currencyMissing, .noOwnVenue, .severalOwnVenues:
            true
        default: false
        }
    }
}

extension Inputs {
    /// An adapter by number, -1 = every, and an instrument.
    struct HoldKey: Hashable {
        let adapter: Int32
        let instrument: Int32
    }

    /// Why an opening leg is kept back; an adapter's own ground before one for all.
    func hold(instrument: Int32, adapter: Int32) -> Rejection? {
        holds[HoldKey(adapter: adapter, instrument: instrument)] ?? holds[HoldKey(adapter: -1, instrument: instrument)]
    }
}

extension Engine {
    /// Replaces what keeps opening orders on an instrument back. Of several grounds of one adapter the first counts; an
    /// adapter without accounts has none.
    package mutating func setHolds(_ instrument: Int32, _ found: [InstrumentHold]) {
        guard !found.isEmpty || !inputs.holds.isEmpty else { return }
        for adapter in -1..<Int32(adapters.count) {
            inputs.holds[Inputs.HoldKey(adapter: adapter, instrument: instrument)] = nil
        }
        for hold in found {
            var number: Int32 = -1
            if let adapter = hold.adapter {
                guard let place = adapters.firstIndex(of: adapter) else { continue }
                number = Int32(place)
            }
            let key = Inputs.HoldKey(adapter: number, instrument: instrument)
            if inputs.holds[key] == nil {
                inputs.holds[key] = hold.rejection(on: instruments[Int(instrument)].instrument)
            }
        }
    }
}
