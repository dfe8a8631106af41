import Domain

/// An adapter's own words for instruments, by number.
struct HandleColumn: Sendable {
    private(set) var aliases = TextColumn()
    private var brokerData = TextColumn()

    var count: Int { aliases.count }

    subscript(_ number: Int) -> InstrumentHandle? {
        if aliases.isAbsent(number), brokerData.isAbsent(number) { return nil }
        return InstrumentHandle(alias: aliases[number], brokerData: brokerData.bytes(number))
    }

    mutating func append(alias: String?, brokerData data: [UInt8]?) {
        aliases.append(alias)
        brokerData.append(bytes: data)
    }

    mutating func set(_ number: Int, alias: String?, brokerData data: [UInt8]?) {
        aliases.set(number, alias)
        brokerData.set(number, bytes: data)
    }

    /// Whether two numbers go by the same words.
    func equals(_ number: Int, _ other: Int) -> Bool {
        aliases.equals(number, other) && brokerData.equals(number, other)
    }

    /// The hash of both words.
    func hash(_ number: Int) -> Int {
        var hasher = Hasher()
        hasher.combine(aliases.hash(number))
        hasher.combine(brokerData.hash(number))
        return hasher.finalize()
    }
}

/// The instrument of an alias: of those that are listed, one, or that there are several.
struct AliasIndex: Sendable {
    private var numbers = NumberIndex()
    /// Aliases of several, by the number that stands for the alias.
    private var shared: Set<Int32> = []

    init() {}
    init(capacity: Int) { numbers = NumberIndex(capacity: capacity) }

    mutating func insert(_ number: Int32, in aliases: TextColumn) {
        let hash = aliases.hash(Int(number))
        if let known = numbers.find(hash: hash, { aliases.equals(Int($0), Int(number)) }) {
            shared.insert(known)
        } else {
            numbers.add(number, hash: hash)
        }
    }

    func match(_ alias: String, in aliases: TextColumn) -> InstrumentSnapshot.AliasMatch {
        let found = numbers.find(hash: TextColumn.hash(of: alias)) { aliases.equals(Int($0), alias) }
        guard let found else { return .unknown }
        return shared.contains(found) ? .ambiguous : .instrument(InstrumentIndex(found))
    }
}

/// Day ranges by number: eighteen bytes an instrument from the first on that has one, none before.
struct PriceBandColumn: Sendable {
    private var lows = DecimalColumn()
    private var highs = DecimalColumn()

    subscript(_ number: Int) -> InstrumentSnapshot.PriceBand {
        get { InstrumentSnapshot.PriceBand(low: lows[number], high: highs[number]) }
        set {
            lows[number] = newValue.low
            highs[number] = newValue.high
        }
    }
}

/// Decimals by number, where most have few digits and many numbers have none.
private struct DecimalColumn: Sendable {
    private var mantissas: [Int64] = []
    private var exponents: [Int8] = []
    /// What has more digits than a mantissa here holds.
    private var long: [Int32: ExactDecimal] = [:]

    private static let absent = Int8.max
    private static let isLong = Int8.min

    subscript(_ number: Int) -> ExactDecimal? {
        get {
            guard number < exponents.count else { return nil }
            switch exponents[number] {
            case Self.absent: return nil
            case Self.isLong: return long[Int32(number)]
            case 0: return ExactDecimal(mantissas[number])
            case let exponent: return ExactDecimal(mantissa: Int128(mantissas[number]), exponent: Int(exponent))
            }
        }
        set {
            guard newValue != self[number] else { return }
            while exponents.count <= number {
                exponents.append(Self.absent)
                mantissas.append(0)
            }
            long[Int32(number)] = nil
            guard let newValue else {
                exponents[number] = Self.absent
                return
            }
            // An exponent is in -38...38.
            if let mantissa = Int64(exactly: newValue.mantissa) {
                (mantissas[number], exponents[number]) = (mantissa, Int8(newValue.exponent))
            } else {
                long[Int32(number)] = newValue
                exponents[number] = Self.isLong
            }
        }
    }
}
