/// How text looks on one stream.
struct Style: Hashable, Sendable {
    enum Tone: Hashable, Sendable { case plain, good, warning, bad, dim, bold }

    let hasColour: Bool
    /// Columns to keep within; `nil` = no terminal, nothing is wrapped.
    let width: Int?

    init(hasColour: Bool, width: Int?) { (self.hasColour, self.width) = (hasColour, width) }

    /// No colour, no bound.
    static let plain = Style(hasColour: false, width: nil)

    /// The text in a tone.
    func callAsFunction(_ tone: Tone, _ text: String) -> String {
        guard hasColour, tone != .plain, !text.isEmpty else { return text }
        let code =
            switch tone {
            case .plain: "0"
            case .good: "32"
            case .warning: "33"
            case .bad: "31"
            case .dim: "2"
            case .bold: "1"
            }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    /// The tone of a status word of a run, a leg, an account, an adapter, a control's verdict or a square-off.
    static func tone(ofStatus word: String) -> Tone {
        switch word.uppercased() {
        case "FILLED", "DONE", "READY", "LOADED", "ACTIVE", "CONNECTED", "UP", "OK", "PASS", "FLAT": .good
        case "REFUSED", "REJECTED", "UNKNOWN", "NEEDS_RECONCILE", "HALTED", "FAILED", "FAIL",
            "QUARANTINED", "BLOCKED":
            .bad
        case "PARTIAL", "CANCELED", "CANCELED_LOCALLY", "EXPIRED", "NOT_SENT", "REDUCING", "DISABLED", "DEGRADED",
            "COOL_OFF", "WARN", "CLIP", "HOLD", "ALERT", "OVERRIDDEN":
            .warning
        case "NOT_REACHED": .dim
        default: .plain
        }
    }
}

extension String {
    /// The text without anything a terminal would act on: what other parties wrote must not move the cursor.
    var displayable: String {
        guard unicodeScalars.contains(where: Self.isControl) else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { Self.isControl($0) ? "\u{FFFD}" : $0 }))
    }

    /// C0, DEL and C1 characters, and those that turn the direction of the text around.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
