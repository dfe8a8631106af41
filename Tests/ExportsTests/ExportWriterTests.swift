import Domain
import Foundation
import Testing

@testable import Exports

@Suite("Rows are written so that nobody reads them as something else")
struct ExportWriterTests {
    /// Texts that brokers and strangers could send.
    static let texts = [
        "plain", "", "a,b", "say \"no\"", "line\nbreak", "carriage\rreturn", "=cmd|' /C calc'!A0", "+1", "-2+3",
        "@SUM(A1)",
        "\tTab", "'quoted", "\u{FF1D}wide", "\u{FF0B}wide", "naïve €", "\u{0}\u{1F}\u{7F}", "\u{202E}rtl", " lead",
        "a\r\nb,\"c\"", "\\back", "🙂",
    ]

    private static let columns = [
        ExportColumn(name: "text", kind: .text, unit: nil, note: ""),
        ExportColumn(name: "number", kind: .decimal, unit: "units", note: ""),
        ExportColumn(name: "count", kind: .integer, unit: nil, note: ""),
        ExportColumn(name: "flag", kind: .boolean, unit: nil, note: ""),
    ]

    private static func written(_ format: ExportFormat, _ texts: [String?]) -> [UInt8] {
        var writer = ExportWriter(format, columns: columns)
        writer.begin(.legs)
        for text in texts {
            writer.text(text)
            writer.decimal(text == nil ? nil : ExactDecimal("-12.50"))
            writer.integer(text == nil ? nil : -7)
            writer.boolean(text == nil ? nil : true)
            writer.endRow()
        }
        writer.end()
        return writer.take()
    }

    @Test("A reader of RFC 4180 gets every text back, less the apostrophe that keeps spreadsheets from running it")
    func csv() throws {
        let rows = try CSVReader.rows(Self.written(.csv, Self.texts + [nil]))
        #expect(rows.first == ["text", "number", "count", "flag"])
        #expect(rows.count == Self.texts.count + 2)
        for (text, row) in zip(Self.texts, rows.dropFirst()) {
            let cell = row[0]
            #expect(!"=+-@\t\r\n".contains(cell.first ?? "x"), "\(cell)")
            #expect((cell.hasPrefix("'") ? String(cell.unicodeScalars.dropFirst()) : cell) == text)
            #expect(Array(row[1...]) == ["-12.5", "-7", "true"])
        }
        #expect(rows.last == ["", "", "", ""])
    }

    @Test("JSON and NDJSON have every text unchanged, decimals as strings, and null where nothing is")
    func json() throws {
        let document = try JSONValue.parse(Self.written(.json, Self.texts + [nil]))
        let lines = Self.written(.ndjson, Self.texts + [nil]).split(separator: UInt8(ascii: "\n"))
        let items = try #require(document["items"]?.array)
        #expect(document["rows"]?.int64 == Int64(items.count) && lines.count == items.count)
        for (index, text) in (Self.texts.map { Optional($0) } + [nil]).enumerated() {
            #expect(items[index]["text"]?.string == text)
            #expect(items[index]["number"]?.string == (text == nil ? nil : "-12.5"))
            #expect(items[index]["count"]?.int64 == (text == nil ? nil : -7))
            #expect(try JSONValue.parse(Array(lines[index])) == items[index])
        }
    }

    @Test("A document without rows is whole", arguments: ExportFormat.allCases)
    func empty(format: ExportFormat) throws {
        let bytes = Self.written(format, [])
        switch format {
        case .csv: #expect(String(decoding: bytes, as: UTF8.self) == "text,number,count,flag\r\n")
        case .json: #expect(try JSONValue.parse(bytes)["rows"]?.int64 == 0)
        case .ndjson: #expect(bytes.isEmpty)
        }
    }

    @Test(
        "A data set's columns have names of their own, and its first names the row", arguments: ExportDataset.allCases)
    func columns(dataset: ExportDataset) {
        let names = dataset.columns.map(\.name)
        #expect(Set(names).count == names.count && names.count > 5)
        #expect(dataset.columns.first?.kind == .text)
        for column in dataset.columns where column.kind == .decimal { #expect(column.unit != nil, "\(column.name)") }
        for column in dataset.columns where column.name.hasSuffix("_us") { #expect(column.unit == "µs") }
    }
}

/// RFC 4180, strictly: what a quote may stand beside, and CRLF.
enum CSVReader {
    struct Malformed: Error { var place: Int }

    static func rows(_ bytes: [UInt8]) throws -> [[String]] {
        var (rows, row, cell): ([[String]], [String], [UInt8]) = ([], [], [])
        var index = 0
        func byte(_ offset: Int) -> UInt8? { bytes.indices.contains(index + offset) ? bytes[index + offset] : nil }
        while index < bytes.count {
            if cell.isEmpty, byte(0) == UInt8(ascii: "\"") {
                index += 1
                while true {
                    guard let next = byte(0) else { throw Malformed(place: index) }
                    index += 1
                    if next == UInt8(ascii: "\"") {
                        guard byte(0) == UInt8(ascii: "\"") else { break }
                        index += 1
                    }
                    cell.append(next)
                }
            } else {
                while let next = byte(0), next != UInt8(ascii: ","), next != 0x0D {
                    guard next != UInt8(ascii: "\""), next != 0x0A else { throw Malformed(place: index) }
                    cell.append(next)
                    index += 1
                }
            }
            row.append(String(decoding: cell, as: UTF8.self))
            cell = []
            if byte(0) == UInt8(ascii: ",") {
                index += 1
                if index == bytes.count { throw Malformed(place: index) }
            } else {
                guard byte(0) == 0x0D, byte(1) == 0x0A else { throw Malformed(place: index) }
                index += 2
                rows.append(row)
                row = []
            }
        }
        return rows
    }
}

@Suite("What is documented is what is exported")
struct ExportDocumentationTests {
    @Test("The ClickHouse table of the README has every column of a leg, in a type that takes it, and no other")
    func table() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("Host/Exports/README.md"), encoding: .utf8)
        let begin = try #require(text.range(of: "CREATE TABLE sluice_legs\n(\n"))
        let end = try #require(text.range(of: "\n)\nENGINE", range: begin.upperBound..<text.endIndex))
        let body = text[begin.upperBound..<end.lowerBound].replacingOccurrences(of: "\n", with: " ")
            .replacingOccurrences(of: "(38, 10)", with: "").replacingOccurrences(of: "(6, 'UTC')", with: "")
        let columns = body.components(separatedBy: ", ").map { $0.split(separator: " ").map(String.init) }
        #expect(columns.map { $0.first ?? "" } == ExportDataset.legs.columns.map(\.name))
        let types: [ExportColumn.Kind: String] = [
            .text: "String", .decimal: "Decimal", .integer: "Int64", .boolean: "Bool", .time: "DateTime64",
        ]
        for (column, documented) in zip(ExportDataset.legs.columns, columns) {
            #expect(documented.last?.contains(types[column.kind] ?? "none") == true, "\(documented)")
        }
    }
}
