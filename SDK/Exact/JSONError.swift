/// What a JSON document may cost before it is refused.
public struct JSONLimits: Hashable, Sendable {
    /// The longest document.
    public var maximumBytes: Int
    /// How many arrays and objects may be open at once. Values beyond `depthCeiling` count as that.
    public var maximumDepth: Int
    /// The most members and items in the whole document.
    public var maximumElements: Int

    /// Limits of one's own; what is left out is as for an order body.
    public init(maximumBytes: Int = 65_536, maximumDepth: Int = 32, maximumElements: Int = 10_000) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
        self.maximumElements = maximumElements
    }

    /// For requests: 64 KiB, depth 32, 10,000 elements.
    public static let `default` = JSONLimits()
    /// For instrument masters and the like: 64 MiB, depth 64, 5 million elements.
    public static let large = JSONLimits(
        maximumBytes: 64 << 20, maximumDepth: 64, maximumElements: 5_000_000)
    /// The deepest nesting any limits allow. It bounds the recursion: measured, an optimised build reads, writes and
    /// compares such a document on a stack of 128 KiB, a debug build on one of 1 MiB.
    public static let depthCeiling = 128
}

/// Why a JSON document was refused, and where.
///
/// It never quotes values of the document, which may be secrets, only the keys on the way to the place.
public struct JSONError: Error, Hashable, Sendable {
    /// The rule that was broken.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case unexpectedCharacter, unexpectedEnd, duplicateKey, tooDeep, tooManyElements, tooLarge, invalidNumber
        /// Not UTF-8, a bad escape, a lone surrogate or a bare control character.
        case invalidString
        case trailingCharacters
    }

    /// The rule that was broken.
    public let kind: Kind
    /// What exactly is wrong, as part of a sentence: "a comma or '}' should come next".
    public let detail: String
    /// The place in the document, in bytes from its start.
    public let byteOffset: Int
    /// The line of the place, from 1.
    public let line: Int
    /// The character within the line, from 1.
    public let column: Int
    /// A JSON pointer to the value being read, `/accounts/3/capital`; empty at the top. Very long keys are cut.
    public let path: String
}

extension JSONError: CustomStringConvertible {
    /// A sentence for a person.
    public var description: String {
        let place = path.isEmpty ? "" : " in \(path.escapedForPeople)"
        return "Invalid JSON at line \(line), column \(column)\(place): \(detail)."
    }
}

extension JSONError {
    /// Finds the line and column of a failure. `reversedPath` has the innermost component first.
    init(_ failure: JSONFailure, in bytes: UnsafeBufferPointer<UInt8>, reversedPath: [String]) {
        kind = failure.kind
        detail = "\(failure.detail)"
        byteOffset = failure.offset
        var (line, column) = (1, 1)
        for byte in bytes.prefix(failure.offset) {
            if byte == UInt8(ascii: "\n") {
                (line, column) = (line + 1, 1)
            } else if byte & 0xC0 != 0x80 {  // continuation bytes are part of the character before
                column += 1
            }
        }
        (self.line, self.column) = (line, column)
        path = reversedPath.reversed().map { "/" + $0.asPointerComponent }.joined()
    }
}

/// A failure as the parser throws it, before anyone needs its line and path.
struct JSONFailure: Error {
    var kind: JSONError.Kind
    var offset: Int
    var detail: StaticString
}

extension String {
    /// The key as a JSON pointer writes it, cut to a length that keeps an error readable.
    fileprivate var asPointerComponent: String {
        let limit = 64
        var result = ""
        for scalar in unicodeScalars.prefix(limit) {
            switch scalar {
            case "~": result += "~0"
            case "/": result += "~1"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return unicodeScalars.dropFirst(limit).isEmpty ? result : result + "…"
    }

    /// The text with control characters escaped, so that a hostile key cannot forge log lines.
    fileprivate var escapedForPeople: String {
        unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: scalar.escaped(asASCII: true)
            default: String(scalar)
            }
        }.joined()
    }
}
