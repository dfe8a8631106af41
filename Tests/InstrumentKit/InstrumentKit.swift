package import Domain
import Glibc
package import Instruments
import Settings

/// A small generator whose whole state is its seed (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Files in a directory of their own, removed afterwards.
package func withFiles<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
    var template = Array("/tmp/sluice-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failed() }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        for name in files.keys { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }
    for (name, content) in files {
        let descriptor = open("\(directory)/\(name)", O_CREAT | O_WRONLY, 0o600)
        let bytes = Array(content.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written)
            }
            guard count > 0 else { throw Failed() }
            written += count
        }
        close(descriptor)
    }
    return try body(directory)
}

package struct Failed: Error {
    package init() {}
}

package func id(_ text: String) -> InstrumentID { InstrumentID(canonical: text) }

/// A table of dollar instruments with a tick of a cent.
package func table(_ ids: [String]) -> InstrumentTable {
    let table = InstrumentTable()
    table.merge(ids.map { fields($0) }, from: "test")
    return table
}

package func fields(_ text: String, tick: ExactDecimal? = nil, lot: ExactDecimal? = 1) -> InstrumentFields {
    var fields = InstrumentFields(id: id(text))
    fields.currency = Currency("USD")
    fields.tickSize = tick ?? ExactDecimal("0.01")
    fields.lotSize = lot
    fields.multiplier = 1
    return fields
}

/// The errors of `body`, as text.
package func failures(_ body: () throws -> Void) -> [String] {
    do {
        try body()
        return []
    } catch let failure as ConfigurationErrors {
        return failure.errors.map { error in
            let name = error.file.split(separator: "/").last.map(String.init) ?? ""
            return "\(name):\(error.line):\(error.column): \(error.path): \(error.message)"
        }
    } catch {
        return ["\(error)"]
    }
}
