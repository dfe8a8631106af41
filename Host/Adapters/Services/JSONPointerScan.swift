/// Finds one value in a JSON text by its place, without making anything of the rest: where its bytes are, so that they can
/// be taken out. Strict enough to be sure of the place; any doubt finds nothing.
struct JSONPointerScan {
    private let bytes: [UInt8]
    private var at = 0
    private static let deepest = 64

    /// Where the values at an RFC 6901 pointer are: several, where an object names a member more than once. Empty: the text
    /// has none there, and it was read whole to say so. `nil`: the text is no JSON. A byte order mark may stand before it.
    static func find(_ pointer: String, in bytes: [UInt8]) -> [Range<Int>]? {
        guard pointer.isEmpty || pointer.first == "/" else { return nil }
        let steps = pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
        guard steps.count <= deepest else { return nil }
        var scan = JSONPointerScan(bytes: bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { scan.at = 3 }
        var found: [Range<Int>] = []
        guard scan.find(steps[...], depth: 0, &found) else { return nil }
        scan.space()
        return scan.at == bytes.count ? found : nil
    }

    /// The text of a JSON string, its escapes resolved, or the raw text of a number; `nil` for anything else.
    static func text(of value: ArraySlice<UInt8>) -> [UInt8]? {
        guard let first = value.first else { return nil }
        if first != UInt8(ascii: "\"") {
            let isNumber = first == UInt8(ascii: "-") || (48...57).contains(first)
            return isNumber ? Array(value) : nil
        }
        let inside = value.dropFirst().dropLast()
        guard inside.contains(UInt8(ascii: "\\")) else { return Array(inside) }
        var result: [UInt8] = []
        var index = inside.startIndex
        while index < inside.endIndex {
            let byte = inside[index]
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                index += 1
                continue
            }
            guard index + 1 < inside.endIndex else { return nil }
            switch inside[index + 1] {
            case UInt8(ascii: "n"): result.append(10)
            case UInt8(ascii: "t"): result.append(9)
            case UInt8(ascii: "r"): result.append(13)
            case UInt8(ascii: "b"): result.append(8)
            case UInt8(ascii: "f"): result.append(12)
            case UInt8(ascii: "u"):
                guard index + 6 <= inside.endIndex,
                    let code = UInt16(String(decoding: inside[(index + 2)..<(index + 6)], as: UTF8.self), radix: 16),
                    let scalar = Unicode.Scalar(code)
                else { return nil }  // half of a pair: no token is written so
                result.append(contentsOf: Array(String(scalar).utf8))
                index += 4
            case let other: result.append(other)
            }
            index += 2
        }
        return result
    }

    /// Passes by one value and notes what the steps lead to in it. `false`: it is no JSON.
    private mutating func find(_ steps: ArraySlice<String>, depth: Int, _ found: inout [Range<Int>]) -> Bool {
        space()
        guard let step = steps.first else {
            let start = at
            guard skip(depth: depth) else { return false }
            found.append(start..<at)
            return true
        }
        let isObject = peek == UInt8(ascii: "{")
        guard isObject || peek == UInt8(ascii: "[") else { return skip(depth: depth) }
        let end = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        at += 1
        space()
        if take(end) { return true }
        let wanted = isObject ? nil : Int(step)
        var index = 0
        while true {
            var isWanted = index == wanted
            if isObject {
                space()
                guard let key = string() else { return false }
                isWanted = Self.text(of: bytes[key]).map { String(decoding: $0, as: UTF8.self) } == step
                space()
                guard take(UInt8(ascii: ":")) else { return false }
            }
            let isRead = isWanted ? find(steps.dropFirst(), depth: depth + 1, &found) : skip(depth: depth + 1)
            guard isRead else { return false }
            space()
            if take(end) { return true }
            guard take(UInt8(ascii: ",")) else { return false }
            index += 1
        }
    }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func space() {
        while let byte = peek, byte == 32 || byte == 10 || byte == 13 || byte == 9 { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        at += 1
        return true
    }

    /// The range of a string with its quotes.
    private mutating func string() -> Range<Int>? {
        let start = at
        guard take(UInt8(ascii: "\"")) else { return nil }
        while let byte = peek {
            at += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return at <= bytes.count ? start..<at : nil }
        }
        return nil
    }

    private mutating func skip(depth: Int) -> Bool {
        guard depth < Self.deepest else { return false }
        space()
        switch peek {
        case UInt8(ascii: "\""): return string() != nil
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let isObject = peek == UInt8(ascii: "{")
            let end = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
            at += 1
            space()
            if take(end) { return true }
            while true {
                if isObject {
                    space()
                    guard string() != nil else { return false }
                    space()
                    guard take(UInt8(ascii: ":")) else { return false }
                }
                guard skip(depth: depth + 1) else { return false }
                space()
                if take(end) { return true }
                guard take(UInt8(ascii: ",")) else { return false }
            }
        default:
            let start = at
            while let byte = peek, byte > 32, byte != 44, byte != 93, byte != 125 { at += 1 }
            let word = bytes[start..<at]
            guard let first = word.first else { return false }
            if first == UInt8(ascii: "-") || (48...57).contains(first) {
                return word.allSatisfy { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
            }
            return ["true", "false", "null"].contains { word.elementsEqual($0.utf8) }
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }
}
