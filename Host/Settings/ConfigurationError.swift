/// One thing that is wrong in a document, with everything a person needs to put it right.
///
/// `path`, `value`, `message` and `remedy` are the members of a problem document's `errors` entry (INTERFACES.md §6).
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file as it was named to the reader, or where an override came from (`environment variable SLUICE_HTTP_PORT`).
    package var file: String
    /// From 1. 0 = the place has no line: an override, or the file as a whole.
    package var line: Int
    /// The character (Unicode scalar) within the line, from 1. 0 where `line` is 0.
    package var column: Int
    /// The way to the value, `accounts[2].currency`; empty = the document itself.
    package var path: String
    /// What was found, cut to 64 characters and free of control characters. `nil` = nothing, or a secret.
    package var value: String?
    /// What is wrong with it, as a clause: `'fast' is text`.
    package var message: String
    /// What would be right, as a clause: `expected a duration like 250ms, 2s or 5m`.
    package var remedy: String?

    package init(
        file: String, line: Int = 0, column: Int = 0, path: String, value: String? = nil, message: String,
        remedy: String? = nil
    ) {
        (self.file, self.line, self.column, self.path) = (file, line, column, path)
        (self.value, self.message, self.remedy) = (value, message, remedy)
    }

    /// The beginning of a text as errors quote it: at most 64 characters, control characters escaped.
    package static func excerpt(of text: some StringProtocol) -> String { String(text.prefix(65)).excerpt }

    /// `sluice.yaml:3:9: accounts[2].currency: 'rupees' is not a currency; expected 1 to 8 characters A-Z 0-9`.
    package var description: String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        let subject = path.isEmpty ? "" : "\(path): "
        return "\(place): \(subject)\(message)\(remedy.map { "; " + $0 } ?? "")"
    }
}

/// Everything that is wrong with a document, in the order of its lines. A document with errors is not applied at all.
package struct ConfigurationErrors: Error, Hashable, Sendable, CustomStringConvertible {
    /// Sorted by line and column; never empty.
    package let errors: [ConfigurationError]
    /// How many more there are than the reader's limit lets it keep.
    package let omittedCount: Int

    package init(_ errors: [ConfigurationError], omittedCount: Int = 0) {
        precondition(!errors.isEmpty, "a failure has a reason")
        self.errors = errors.enumerated()
            .sorted {
                ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
            }
            .map(\.element)
        self.omittedCount = omittedCount
    }

    package init(_ error: ConfigurationError) { self.init([error]) }

    /// How many errors are kept where there is no reader's limit.
    package static let limit = 1_000

    /// The first errors by their lines, the others counted; `nil` where there are none.
    package init?(upToLimit errors: [ConfigurationError]) {
        guard !errors.isEmpty else { return nil }
        let sorted = Self(errors).errors
        self.init(Array(sorted.prefix(Self.limit)), omittedCount: max(0, sorted.count - Self.limit))
    }

    /// The errors, and a last one that says how many more there are where some were left out.
    package var listed: [ConfigurationError] {
        guard omittedCount > 0 else { return errors }
        return errors + [
            ConfigurationError(
                file: errors[0].file, path: "", message: "and \(omittedCount) more errors",
                remedy: "put these right first")
        ]
    }

    /// One error a line, and a last line where some were left out.
    package var description: String {
        let lines = errors.map(\.description) + (omittedCount > 0 ? ["and \(omittedCount) more errors"] : [])
        return lines.joined(separator: "\n")
    }
}

/// Gathers the errors of one document up to a bound, then only counts. Used by one thread: that of the reader.
final class ErrorCollector {
    let file: String
    private let limit: Int
    private(set) var errors: [ConfigurationError] = []
    private(set) var omittedCount = 0

    init(file: String, limit: Int) { (self.file, self.limit) = (file.printable, max(1, limit)) }

    var isEmpty: Bool { errors.isEmpty }

    func report(_ place: Place, path: String, value: String? = nil, message: String, remedy: String? = nil) {
        guard errors.count < limit else {
            omittedCount += 1
            return
        }
        errors.append(
            ConfigurationError(
                file: place.origin ?? file, line: Int(place.line), column: Int(place.column), path: path, value: value,
                message: message, remedy: remedy))
    }

    func failIfNeeded() throws(ConfigurationErrors) {
        if !errors.isEmpty { throw ConfigurationErrors(errors, omittedCount: omittedCount) }
    }
}

extension String {
    /// The text without control characters, so that a hostile document cannot forge lines of a log.
    var printable: String {
        let isClean = unicodeScalars.allSatisfy { !$0.isDisruptive }
        return isClean ? self : unicodeScalars.map { $0.isDisruptive ? $0.escaped(asASCII: true) : String($0) }.joined()
    }

    /// The beginning of the text, fit for an error: at most 64 characters, no control characters.
    var excerpt: String {
        let scalars = unicodeScalars.prefix(64)
        let isWhole = scalars.endIndex == unicodeScalars.endIndex
        return String(scalars).printable + (isWhole ? "" : "…")
    }
}

extension Unicode.Scalar {
    fileprivate var isDisruptive: Bool {
        if value >= 0x20 && value < 0x7F { return false }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
