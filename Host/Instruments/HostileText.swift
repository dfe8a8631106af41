/// What text of a broker must not bring to a screen, a log or a request: control characters (an escape sequence repaints a
/// terminal, a line feed forges a log line) and characters that turn the direction of writing (a name that reads as another).
enum HostileText {
    static func isPlain(_ text: String) -> Bool {
        // Nearly all is ASCII: one look at the bytes.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return true }
        return text.unicodeScalars.allSatisfy { !isHostile($0) }
    }

    /// The text with U+FFFD in the place of each such character.
    static func cleaned(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(isHostile(scalar) ? "\u{FFFD}" : scalar) }
        return String(result)
    }

    private static func isHostile(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: true  // C0, delete, C1
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true  // marks, embeddings, overrides, isolates
        case 0x2028, 0x2029, 0xFEFF: true  // separators of lines and paragraphs, byte order mark
        default: false
        }
    }
}
