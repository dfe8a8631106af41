package import Domain
import Engine
import Gateway

/// What is exported, by which filters, from where on.
package struct ExportRequest: Sendable {
    package var dataset: ExportDataset
    package var format = ExportFormat.csv
    /// Rows that happened, or whose run was admitted, at or after.
    package var from: Timestamp?
    /// … before.
    package var to: Timestamp?
    package var group: GroupID?
    package var account: AccountID?
    package var adapter: AdapterID?
    package var status: String?
    /// The first column of the last row that is known: rows after it follow.
    package var cursor: String?
    /// `nil` = all, in their order.
    package var columns: [ExportColumn]?

    package init(_ dataset: ExportDataset) { self.dataset = dataset }

    package var shownColumns: [ExportColumn] { columns ?? dataset.columns }
}

/// What is wrong with one parameter of an export.
package struct ExportParameterError: Error, Hashable, Sendable {
    package var name: String
    package var value: String
    package var message: String
    package var remedy: String

    package init(_ name: String, _ value: String, _ message: String, remedy: String) {
        (self.name, self.value, self.message, self.remedy) = (name, value, message, remedy)
    }
}

extension ExportRequest {
    /// Every parameter of an export besides the dataset, in the order of the documentation.
    package static let parameters = ["format", "columns"] + ExportFilter.allCases.map(\.rawValue) + ["cursor"]

    /// Reads a request from texts, as a query or a command line has them; an empty text is as if it were absent.
    ///
    /// - Throws: `ExportRefusal` with everything that is wrong.
    package init(dataset name: String, parameters: [String: String]) throws(ExportRefusal) {
        guard let dataset = ExportDataset(rawValue: name) else {
            throw ExportRefusal([
                ExportParameterError(
                    "dataset", name, "there is no such dataset",
                    remedy: "one of \(ExportDataset.allCases.map(\.rawValue).joined(separator: ", "))")
            ])
        }
        self.init(dataset)
        var reader = ParameterReader(dataset: dataset, parameters: parameters)
        format =
            reader.value("format", "one of \(ExportFormat.allCases.map(\.rawValue).joined(separator: ", "))") {
                ExportFormat(rawValue: $0)
            } ?? .csv
        columns = reader.columns()
        from = reader.filter(.from, Self.instant) { Self.time($0) }
        to = reader.filter(.to, Self.instant) { Self.time($0) }
        group = reader.filter(.group, GroupID.rule) { GroupID($0) }
        account = reader.filter(.account, AccountID.rule) { AccountID($0) }
        adapter = reader.filter(.adapter, AdapterID.rule) { AdapterID($0) }
        status = reader.filter(.status, "one of \(Self.statuses(dataset).joined(separator: ", "))") { text in
            Self.statuses(dataset).contains(text) ? text : nil
        }
        cursor = reader.value("cursor", dataset.cursorRule) { Self.isCursor($0, of: dataset) ? $0 : nil }
        if let from, let to, from >= to {
            reader.errors.append(
                ExportParameterError(
                    "to", parameters["to"] ?? to.rfc3339, "is not after from, \(from.rfc3339)",
                    remedy: "name a later instant: from is inclusive, to exclusive"))
        }
        guard reader.errors.isEmpty else { throw ExportRefusal(reader.errors) }
    }

    private static let instant = "RFC 3339, like 2026-12-31T15:30:00Z, or a date, which is its midnight in UTC"

    /// An instant, or a date as its midnight in UTC.
    private static func time(_ text: String) -> Timestamp? {
        Timestamp(rfc3339: text.utf8.count == 10 ? "\(text)T00:00:00Z" : text)
    }

    /// The words of a dataset's `status`; empty where it has none.
    package static func statuses(_ dataset: ExportDataset) -> [String] {
        switch dataset {
        case .runs: RunStatus.allCases.map(\.rawName)
        case .legs: (1...UInt8.max).compactMap { LegStatus(rawValue: $0)?.rawName }
        default: []
        }
    }

    private static func isCursor(_ text: String, of dataset: ExportDataset) -> Bool {
        switch dataset {
        case .runs: RunID(text) != nil
        case .legs: LegID(text) != nil
        case .events, .audit: Gateway.AuditPlace(text) != nil
        case .latency: LatencyCursor(text) != nil
        case .positions: text.split(separator: "/").count == 2
        case .pnl: text.split(separator: "/").count == 3
        }
    }
}

extension ExportDataset {
    /// What a cursor looks like.
    var cursorRule: String { "the \(columns.first?.name ?? "first column") of the last row that you have" }
}

/// Why an export was refused: every parameter that is wrong.
package struct ExportRefusal: Error, CustomStringConvertible {
    package var errors: [ExportParameterError]
    package init(_ errors: [ExportParameterError]) { self.errors = errors }
    package var description: String {
        errors.map { "\($0.name) \($0.value): \($0.message); \($0.remedy)" }.joined(separator: "; ")
    }
}

private struct ParameterReader {
    let dataset: ExportDataset
    let parameters: [String: String]
    var errors: [ExportParameterError] = []

    init(dataset: ExportDataset, parameters: [String: String]) {
        (self.dataset, self.parameters) = (dataset, parameters)
        for (name, value) in parameters.sorted(by: { $0.key < $1.key })
        where !ExportRequest.parameters.contains(name) {
            errors.append(
                ExportParameterError(
                    name, value, "there is no such parameter",
                    remedy: "parameters are \(ExportRequest.parameters.joined(separator: ", "))"))
        }
    }

    mutating func value<Value>(_ name: String, _ rule: String, _ read: (String) -> Value?) -> Value? {
        guard let text = parameters[name], !text.isEmpty else { return nil }
        guard let value = read(text) else {
            errors.append(ExportParameterError(name, text, "is not valid here", remedy: "expected \(rule)"))
            return nil
        }
        return value
    }

    mutating func filter<Value>(_ filter: ExportFilter, _ rule: String, _ read: (String) -> Value?) -> Value? {
        guard let text = parameters[filter.rawValue], !text.isEmpty else { return nil }
        guard dataset.filters.contains(filter) else {
            errors.append(
                ExportParameterError(
                    filter.rawValue, text, "the dataset \(dataset.rawValue) has no such filter",
                    remedy: "its filters are \(dataset.filters.map(\.rawValue).joined(separator: ", "))"))
            return nil
        }
        return value(filter.rawValue, rule, read)
    }

    /// `columns`: names, comma-separated, each at most once.
    mutating func columns() -> [ExportColumn]? {
        guard let text = parameters["columns"], !text.isEmpty else { return nil }
        let known = dataset.columns
        var chosen: [ExportColumn] = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let column = known.first(where: { $0.name == name }) else {
                errors.append(
                    ExportParameterError(
                        "columns", String(name), "the dataset \(dataset.rawValue) has no such column",
                        remedy: "its columns are \(known.map(\.name).joined(separator: ", "))"))
                return nil
            }
            guard !chosen.contains(column) else {
                errors.append(
                    ExportParameterError("columns", String(name), "is named twice", remedy: "name it once"))
                return nil
            }
            chosen.append(column)
        }
        return chosen
    }
}
