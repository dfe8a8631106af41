import Exports

extension ExportDataset {
    /// `RunsExport`.
    var schemaName: String { "\(rawValue.prefix(1).uppercased())\(rawValue.dropFirst())Export" }
    fileprivate var rowName: String { "\(schemaName)Row" }
}

// What exports hold: made of the same table of columns as their rows.
extension Schema {
    static let exportAnswers: [Schema] =
        [
            Schema(
                name: "ExportDataset", note: "What can be exported.",
                fields: [
                    .required("name", .text, ""), .required("note", .text, "what one row is"),
                    .required("filters", .list(.text), "parameters that choose rows"),
                    .required("formats", .list(.text), ""),
                    .required("columns", .list(.object("ExportColumn")), "in order; the first names the row"),
                ]),
            list("ExportDataset"),
            Schema(
                name: "ExportColumn", note: "One column. Names, types and units are promises.",
                fields: [
                    .required("name", .text, ""),
                    .required("type", .words(["text", "decimal", "integer", "boolean", "time", "json"]), ""),
                    .optional("unit", .text, "µs, count, units, price, money"),
                    .optional("note", .text, "not within an export"),
                ]),
        ] + ExportDataset.allCases.flatMap { [export($0), row($0)] }

    private static func export(_ dataset: ExportDataset) -> Schema {
        Schema(
            name: dataset.schemaName,
            note: "\(dataset.note), as one document. Without rows at its end it is not whole.",
            fields: [
                .required("dataset", .text, ""), .required("columns", .list(.object("ExportColumn")), ""),
                .required("items", .list(.object(dataset.rowName)), ""),
                .required("rows", .integer, "how many items there are"),
            ])
    }

    private static func row(_ dataset: ExportDataset) -> Schema {
        Schema(
            name: dataset.rowName, note: "One row, and one line of NDJSON; only the columns that were asked for.",
            fields: dataset.columns.map { column in
                .optional(
                    column.name, kind(column.kind),
                    [column.unit, column.note].compactMap { $0?.isEmpty == false ? $0 : nil }.joined(separator: ": "))
            })
    }

    private static func kind(_ kind: ExportColumn.Kind) -> Kind {
        switch kind {
        case .text: .text
        case .decimal: .decimalText
        case .integer: .integer
        case .boolean: .boolean
        case .time: .time
        case .json: .map(.any)
        }
    }
}
