import Domain
package import Settings

/// Reads the file that `instruments.overlay` names: figures that stand above the brokers' (INTERFACES.md §2).
///
/// - `.yaml`, `.yml`, `.json`: a mapping of ids to fields, `NSE:EQ:INFY: { tick: 0.05, lot_size: 1, currency: INR,
///   source: "NSE circular 12/2026" }`. Up to 1 MiB.
/// - `.csv`: a header that names `id`, `source` and any other fields in any order, then a row an instrument, empty cells
///   for what is not said. Text may stand in double quotes. Up to a million rows, read as a stream: for whole markets.
///
/// Fields: name, tick or tick_table, lot_size, multiplier, contract_size, freeze_quantity, min, max, price_low, price_high, currency,
/// expiry, tradable, isin, underlying, source. Only the source is required: an overlay may fill a single gap.
package enum InstrumentOverlay {
    package static let maximumRows = 1_000_000
    static let fieldNames = [
        "name", "tick", "tick_table", "lot_size", "multiplier", "contract_size", "freeze_quantity", "min", "max",
        "price_low",
        "price_high", "currency", "expiry", "tradable", "isin", "underlying", "source",
    ]

    package static func read(file path: String) throws(ConfigurationErrors) -> [InstrumentFields] {
        switch path.split(separator: ".").last {
        case "csv": return try readCSV(path)
        case "yaml", "yml", "json":
            return try read(document: DocumentReader.contents(ofFile: path), file: path)
        default:
            throw ConfigurationErrors(
                ConfigurationError(
                    file: path, path: "", message: "the kind of the file is not known",
                    remedy: "expected a name that ends in .yaml, .yml, .json or .csv"))
        }
    }

    /// The mapping form, from bytes at hand.
    package static func read(document bytes: [UInt8], file: String) throws(ConfigurationErrors) -> [InstrumentFields] {
        try DocumentReader.read(bytes, file: file, emptyAsMapping: true) { root in
            var seen: Set<InstrumentID> = []
            return root.entries().compactMap { entry -> InstrumentFields? in
                guard let id = id(entry.key, at: entry.value) else { return nil }
                if !seen.insert(id).inserted {
                    entry.value.report("the instrument is listed already", remedy: "an id comes once")
                }
                return FieldType<InstrumentFields>.mapping { fields(id, from: $0) }.read(entry.value)
            }
        }
    }

    private static func id(_ text: String, at value: FieldValue) -> InstrumentID? {
        do throws(InstrumentID.Malformed) {
            return try InstrumentID(text)
        } catch {
            value.report(
                "the key '\(ConfigurationError.excerpt(of: text))' is not an instrument id", remedy: error.reason)
            return nil
        }
    }

    private static func fields(_ id: InstrumentID, from reader: MappingReader) -> InstrumentFields? {
        var fields = InstrumentFields(id: id)
        fields.name = reader.optional("name", .text(maximumLength: 256))
        fields.tickSize = reader.optional("tick", .positiveDecimal)
        fields.tickTable = reader.optional("tick_table", .tickTable)
        if fields.tickSize != nil, fields.tickTable != nil {
            reader.report("tick is given, too", remedy: "give one of tick and tick_table", at: "tick_table")
        }
        fields.lotSize = reader.optional("lot_size", .positiveDecimal)
        fields.multiplier = reader.optional("multiplier", .positiveDecimal)
        fields.contractSize = reader.optional("contract_size", .positiveDecimal)
        fields.freezeQuantity = reader.optional("freeze_quantity", .positiveDecimal)
        fields.minimumQuantity = reader.optional("min", .quantity)
        fields.maximumQuantity = reader.optional("max", .quantity)
        fields.priceLow = reader.optional("price_low", .decimal)
        fields.priceHigh = reader.optional("price_high", .decimal)
        fields.currency = reader.optional("currency", .currency)
        fields.expiry = reader.optional("expiry", .date)
        fields.isTradable = reader.optional("tradable", .boolean)
        fields.isin = reader.optional("isin", .isin)
        fields.underlying = reader.optional("underlying", .instrumentID)
        fields.source = reader.required("source", .text(maximumLength: 256))
        if let low = fields.priceLow, let high = fields.priceHigh, low > high {
            reader.report("\(low) is above price_high \(high)", remedy: "expected at most that", at: "price_low")
        }
        if let least = fields.minimumQuantity, let most = fields.maximumQuantity, least > most {
            reader.report("\(least) is above max \(most)", remedy: "expected at most that", at: "min")
        }
        if let expiry = fields.expiry, let named = id.expiry, named != expiry {
            reader.report("the id says \(named)", remedy: "leave expiry out or write the same date", at: "expiry")
        }
        if fields.source == nil { return nil }
        return fields
    }
}

extension FieldType where Value == ISIN {
    fileprivate static var isin: FieldType<ISIN> {
        FieldType<String>.text("an ISIN: 12 capital letters and digits with their check digit").map { ISIN($0) }
    }
}

extension FieldType where Value == TickTable {
    /// Prices and the tick from each of them on; the error says what is wrong with another text.
    fileprivate static var tickTable: FieldType<TickTable> {
        FieldType<TickTable>("prices with their ticks, like 0:0.01 250:0.05") { value in
            guard let text = FieldType<String>.text("prices with their ticks, like 0:0.01 250:0.05").read(value) else {
                return nil
            }
            do throws(TickTable.Malformed) {
                return try TickTable(text)
            } catch {
                value.report("\(value.quoted) is not a tick table", remedy: error.reason)
                return nil
            }
        }
    }
}

extension FieldType where Value == ExactDecimal {
    fileprivate static var quantity: FieldType<ExactDecimal> {
        FieldType.decimal.filter("a decimal number from 0") { !$0.isNegative }
    }
}

// MARK: - The table form

extension InstrumentOverlay {
    private static func readCSV(_ path: String) throws(ConfigurationErrors) -> [InstrumentFields] {
        let lines = try LineReader(path: path, maximumBytes: 4096)
        let known = ["id"] + fieldNames
        guard let first = try lines.next(), let header = cells(first) else {
            throw lines.failure(column: 1, "", "there is no header", remedy: "expected \(known.joined(separator: ","))")
        }
        for (index, name) in header.enumerated() where !known.contains(name) || header[..<index].contains(name) {
            let problem = known.contains(name) ? "comes twice" : "is not known"
            throw lines.failure(
                column: 1, "", "the column '\(ConfigurationError.excerpt(of: name))' \(problem)",
                remedy: "expected each at most once of \(known.joined(separator: ", "))")
        }
        for name in ["id", "source"] where !header.contains(name) {
            throw lines.failure(column: 1, "", "the column '\(name)' is missing")
        }
        var errors: [ConfigurationError] = []
        var omitted = 0
        var rows: [InstrumentFields] = []
        var seen: Set<InstrumentID> = []
        while let line = try lines.next() {
            guard rows.count < maximumRows else {
                throw lines.failure(column: 1, "", "the file has more than \(maximumRows) rows")
            }
            do throws(ConfigurationErrors) {
                let row = try row(line, header: header, lines: lines)
                guard seen.insert(row.id).inserted else {
                    throw lines.failure(column: 1, "id", "\(row.id) is listed already", remedy: "an id comes once")
                }
                rows.append(row)
            } catch {
                let kept = error.errors.prefix(max(0, 1_000 - errors.count))
                errors += kept
                omitted += error.errors.count - kept.count
            }
        }
        if !errors.isEmpty { throw ConfigurationErrors(errors, omittedCount: omitted) }
        return rows
    }

    /// One row, checked by the very rules of the mapping form.
    private static func row(
        _ line: ArraySlice<UInt8>, header: [String], lines: LineReader
    ) throws(ConfigurationErrors) -> InstrumentFields {
        guard let cells = cells(line), cells.count == header.count else {
            throw lines.failure(
                column: 1, "", "the row does not have \(header.count) cells",
                remedy: "as many as the header; text with commas stands in double quotes")
        }
        var id: InstrumentID?
        var members: [(key: String, text: String)] = []
        for (name, cell) in zip(header, cells) where !cell.isEmpty {
            guard name == "id" else {
                members.append((name, cell))
                continue
            }
            do throws(InstrumentID.Malformed) {
                id = try InstrumentID(cell)
            } catch {
                throw lines.failure(
                    column: 1, "id", "'\(ConfigurationError.excerpt(of: cell))' is not an instrument id",
                    remedy: error.reason)
            }
        }
        guard let id else { throw lines.failure(column: 1, "id", "the id is missing") }
        return try MappingReader.read(members, file: lines.path, line: lines.number) { fields(id, from: $0) }
    }

    /// The cells of a line by RFC 4180, without line breaks inside quotes. `nil` where quotes do not match or the text is
    /// not UTF-8.
    static func cells(_ line: ArraySlice<UInt8>) -> [String]? {
        var texts: [String] = []
        texts.reserveCapacity(16)
        var cell: [UInt8] = []
        let isWhole = line.withUnsafeBufferPointer { bytes in
            var index = 0
            while true {
                cell.removeAll(keepingCapacity: true)
                if index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
                    index += 1
                    while true {
                        guard index < bytes.count else { return false }
                        if bytes[index] == UInt8(ascii: "\"") {
                            index += 1
                            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { break }
                        }
                        cell.append(bytes[index])
                        index += 1
                    }
                } else {
                    while index < bytes.count, bytes[index] != UInt8(ascii: ",") {
                        if bytes[index] == UInt8(ascii: "\"") { return false }
                        cell.append(bytes[index])
                        index += 1
                    }
                }
                guard let text = String(validating: cell, as: UTF8.self) else { return false }
                texts.append(text)
                if index == bytes.count { return true }
                guard bytes[index] == UInt8(ascii: ",") else { return false }
                index += 1
            }
        }
        return isWhole ? texts : nil
    }
}
