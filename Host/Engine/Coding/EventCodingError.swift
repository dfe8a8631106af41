/// Why bytes are not a record, or not one that this version can read: where, and what should have stood there.
package struct EventCodingError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// The bytes end before the value does.
        case truncated
        /// A value that no writer writes: an overlong number, text that is not UTF-8, a count beyond what is left.
        case malformed
        /// An enumeration's raw value, or a flag, that this version does not know.
        case unknownValue
        /// An event of a later gateway: this one must not go on without knowing what it says.
        case unknownEvent
        /// A record in another format.
        case unsupportedVersion
        /// The bytes do not begin as a record does.
        case notARecord
    }

    package var kind: Kind
    /// Bytes from the start of the record to the value that is wrong.
    package var offset: Int
    /// With its article: "a value of Side".
    package var expected: String
    /// What stood there instead, where that is a number.
    package var found: UInt64?

    package init(_ kind: Kind, offset: Int, expected: String, found: UInt64? = nil) {
        (self.kind, self.offset, self.expected, self.found) = (kind, offset, expected, found)
    }

    package var description: String {
        let place = "byte \(offset): expected \(expected)"
        let number = found.map { "\($0)" } ?? "something else"
        return switch kind {
        case .truncated: "\(place), found the end"
        case .malformed, .unknownValue, .notARecord: "\(place), found \(number)"
        case .unknownEvent: "\(place), found \(number): a later version of the gateway wrote it"
        case .unsupportedVersion: "\(place), found \(number): another version of the gateway wrote it"
        }
    }
}
