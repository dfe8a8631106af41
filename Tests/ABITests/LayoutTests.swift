import CSluice
import Foundation
import Testing

/// The layout of ABI 1.0 against `layout-1.0.golden`. A failure here after the release is a break of the ABI.
struct LayoutTests {
    @Test("Swift lays the imported structs out as ABI 1.0 says, to the byte")
    func importedStructsMatchTheGoldenFile() throws {
        let golden = try lines(of: "layout-1.0.golden")
        #expect(golden.count > 300)
        let imported = importedLayout()
        #expect(imported.count == golden.count)
        for (line, expected) in zip(imported, golden) { #expect(line == expected) }
    }

    @Test("The offsets that other languages read by are those of ABI 1.0")
    func offsetConstantsMatchTheGoldenFile() throws {
        let golden = Set(try lines(of: "layout-1.0.golden"))
        #expect(golden.contains("order.quantity \(SLUICE_AT_order_quantity)"))
        #expect(golden.contains("order.options \(SLUICE_AT_order_options)"))
        #expect(golden.contains("trade_update.trade_time \(SLUICE_AT_trade_update_trade_time)"))
        #expect(golden.contains("host.get_extension \(SLUICE_AT_host_get_extension)"))
        #expect(golden.contains("result \(SLUICE_SIZE_result) 8"))
    }

    @Test("fields.h names every field of adapter.h, in order")
    func fieldListIsFresh() throws {
        let listed = try run("/bin/sh", [root.appending(path: "SDK/generate-fields.sh").path, "--list"])
        #expect(listed.status == 0)
        let expected = listed.output.split(separator: "\n").map { $0.replacingOccurrences(of: " ", with: "_") }
        let header = try String(
            contentsOf: root.appending(path: "SDK/CSluice/include/sluice/fields.h"), encoding: .utf8)
        let named = header.split(separator: "\n").compactMap { line -> String? in
            let words = line.split(separator: " ")
            guard let first = words.first, first.hasPrefix("SLUICE_AT_") else { return nil }
            return String(first.dropFirst("SLUICE_AT_".count))
        }
        #expect(named == expected)
        #expect(named.count > 250)
    }
}

/// The headers and the layout, as every compiler on the path sees them.
struct CompilerTests {
    struct Compiler: CustomTestStringConvertible, Sendable {
        var name: String
        var arguments: [String]
        var testDescription: String { ([name] + arguments.prefix(1)).joined(separator: " ") }
    }

    static let compilers: [Compiler] =
        ["gcc", "clang"].flatMap { name in
            ["c11", "c17"].map { Compiler(name: name, arguments: ["-std=\($0)", "-xc", "-Wstrict-prototypes"]) }
        } + ["g++", "clang++"].map { Compiler(name: $0, arguments: ["-std=c++20", "-xc++"]) }

    @Test("The layout holds in C11, C17 and C++20, without padding and without a warning", arguments: compilers)
    func layoutHolds(_ compiler: Compiler) throws {
        guard let path = find(compiler.name) else {
            print("skipped: no \(compiler.name) on the path")
            return
        }
        let checks = try String(contentsOf: here.appending(path: "layout-1.0.c"), encoding: .utf8)
        let good = try compile(path, compiler, checks)
        #expect(good.status == 0, "\(good.output)")
    }

    @Test("A layout that moved by one field is caught", arguments: compilers)
    func movedLayoutIsCaught(_ compiler: Compiler) throws {
        guard let path = find(compiler.name) else { return }
        let checks = try String(contentsOf: here.appending(path: "layout-1.0.c"), encoding: .utf8)
        let golden = try lines(of: "layout-1.0.golden")
        let line = try #require(golden.first { $0.hasPrefix("order.price ") })
        let offset = try #require(Int(line.split(separator: " ")[1]))
        let moved = checks.replacingOccurrences(
            of: "offsetof(sluice_order, price) == \(offset)", with: "offsetof(sluice_order, price) == \(offset + 8)")
        #expect(moved != checks)
        #expect(try compile(path, compiler, moved).status != 0)
    }

    @Test("The helpers, the note and the entry compile without a warning everywhere", arguments: compilers)
    func everythingCompiles(_ compiler: Compiler) throws {
        guard let path = find(compiler.name) else { return }
        let source = """
            #include <sluice/adapter.h>
            #include <sluice/decimal.h>
            #include <sluice/fields.h>
            #include <sluice/helpers.h>
            SLUICE_NOTE("acme", "1.0.0", "");
            SLUICE_ENTRY(acme_entry);
            SLUICE_C int use(const sluice_order *order);
            SLUICE_C int use(const sluice_order *order) {
                return SLUICE_HAS(order, options) && sluice_decimal_is_multiple(order->price, order->quantity) &&
                       sluice_decimal_compare(order->price, sluice_decimal_make(1, 0)) > 0;
            }
            """
        let result = try compile(path, compiler, source)
        #expect(result.status == 0, "\(result.output)")
    }

    private func compile(_ path: String, _ compiler: Compiler, _ source: String) throws -> Run {
        let file = FileManager.default.temporaryDirectory.appending(path: "sluice-layout-\(UUID().uuidString).c")
        try source.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let include = root.appending(path: "SDK/CSluice/include").path
        return try run(
            path,
            compiler.arguments + [
                "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wpadded", "-Werror", "-I", include, file.path,
            ])
    }
}

// MARK: - Files and programs

private let here = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
private let root = here.deletingLastPathComponent().deletingLastPathComponent()

private func lines(of file: String) throws -> [String] {
    try String(contentsOf: here.appending(path: file), encoding: .utf8).split(separator: "\n").map(String.init)
}

private struct Run {
    var status: Int32
    var output: String
}

private func run(_ program: String, _ arguments: [String]) throws -> Run {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Run(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
}

private func find(_ program: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
    return path.split(separator: ":").map { "\($0)/\(program)" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}
