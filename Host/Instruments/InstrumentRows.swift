import Domain

/// The rows of a listing, column by column: figures shared with the rows that have the same, texts end to end.
struct InstrumentRows: Sendable {
    /// The rows that count, in the order in which they are taken.
    var order: [Int32] = []
    private(set) var terms = TermsTable()
    private var ids = TextColumn()
    private var termNumbers: [Int32] = []
    private var names = TextColumn()
    private var handles = HandleColumn()
    private var bands = PriceBandColumn()
    private var isins: [Int32: ISIN] = [:]

    var count: Int { order.count }
    var isEmpty: Bool { order.isEmpty }

    /// Takes a row in as the last. At most `InstrumentLoad.maximumRows` come, and what the file holds.
    mutating func append(_ fields: InstrumentFields) {
        let row = Int32(truncatingIfNeeded: ids.count)
        ids.append(fields.id.text)
        termNumbers.append(terms.intern(InstrumentTerms(fields)))
        names.append(fields.name)
        handles.append(alias: fields.alias, brokerData: fields.brokerData)
        bands[Int(row)] = InstrumentSnapshot.PriceBand(low: fields.priceLow, high: fields.priceHigh)
        if let isin = fields.isin { isins[row] = isin }
        order.append(row)
    }

    /// In order of ids.
    mutating func sort() {
        let ids = ids
        order.sort { ids.precedes(Int($0), Int($1)) }
    }

    func id(_ row: Int32) -> InstrumentID { InstrumentID(canonical: ids[Int(row)] ?? "") }
    func haveOneID(_ row: Int32, _ other: Int32) -> Bool { ids.equals(Int(row), Int(other)) }
    /// A number of `terms`.
    func terms(_ row: Int32) -> Int32 { termNumbers[Int(row)] }
    func name(_ row: Int32) -> String? { names[Int(row)] }
    func isin(_ row: Int32) -> ISIN? { isins[row] }
    func handle(_ row: Int32) -> InstrumentHandle? { handles[Int(row)] }
    func band(_ row: Int32) -> InstrumentSnapshot.PriceBand { bands[Int(row)] }
    func hasAlias(_ row: Int32) -> Bool { !handles.aliases.isAbsent(Int(row)) }

    /// The names of all rows, by row, and the rows that count by their names.
    var aliases: TextColumn { handles.aliases }
    var aliasIndex: AliasIndex {
        var index = AliasIndex(capacity: order.count)
        for row in order where hasAlias(row) { index.insert(row, in: aliases) }
        return index
    }

    /// A hash of venue, alias and broker data.
    func nameHash(_ row: Int32) -> Int {
        var hasher = Hasher()
        hasher.combine(id(row).venue)
        hasher.combine(handles.hash(Int(row)))
        return hasher.finalize()
    }

    /// Whether two rows of one id say the same.
    func areEqual(_ row: Int32, _ other: Int32) -> Bool {
        row == other
            || terms(row) == terms(other) && names.equals(Int(row), Int(other))
                && handles.equals(Int(row), Int(other)) && band(row) == band(other) && isin(row) == isin(other)
    }

    func fields(_ row: Int32) -> InstrumentFields {
        var fields = InstrumentFields(id: id(row), terms: terms[terms(row)])
        let (handle, band) = (handle(row), band(row))
        (fields.name, fields.isin) = (name(row), isin(row))
        (fields.priceLow, fields.priceHigh) = (band.low, band.high)
        (fields.alias, fields.brokerData) = (handle?.alias, handle?.brokerData)
        return fields
    }

    /// The rows that count, one at a time.
    var all: some Sequence<InstrumentFields> { order.lazy.map { fields($0) } }
}
