import Glibc

/// Where a command's text goes.
struct Console: Sendable {
    private let writeOut: @Sendable ([UInt8]) -> Void
    private let writeError: @Sendable ([UInt8]) -> Void
    private let writeRaw: @Sendable ([UInt8]) -> Bool
    /// For standard output.
    let style: Style
    /// For standard error.
    let errorStyle: Style

    init(
        style: Style, errorStyle: Style, out: @escaping @Sendable ([UInt8]) -> Void,
        error: @escaping @Sendable ([UInt8]) -> Void, raw: (@Sendable ([UInt8]) -> Bool)? = nil
    ) {
        writeRaw =
            raw
            ?? { bytes in
                out(bytes)
                return true
            }
        (self.style, self.errorStyle, writeOut, writeError) = (style, errorStyle, out, error)
    }

    /// The process's own streams: colour only on a terminal that wants it.
    static func live() -> Console {
        let environment = ProcessEnvironment.variables
        func style(_ descriptor: Int32) -> Style {
            guard isatty(descriptor) == 1 else { return Style(hasColour: false, width: nil) }
            let wantsColour = environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
            var size = winsize()
            let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
            return Style(hasColour: wantsColour, width: isKnown ? Int(size.ws_col) : 80)
        }
        return Console(
            style: style(1), errorStyle: style(2), out: { _ = write($0, to: 1) },
            error: { _ = write($0, to: 2) }, raw: { write($0, to: 1) })
    }

    /// One line of the answer.
    func out(_ line: String) { writeOut(Array(line.utf8) + [UInt8(ascii: "\n")]) }

    /// One line beside the answer.
    func error(_ line: String) { writeError(Array(line.utf8) + [UInt8(ascii: "\n")]) }

    /// Replaces the line of progress on a terminal's standard error; an empty one ends it.
    func progress(_ text: String) { writeError(Array("\r\u{1B}[K\(text)".utf8)) }

    /// The answer byte for byte, with a line's end when it has none.
    func unchanged(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        writeOut(bytes.last == UInt8(ascii: "\n") ? bytes : bytes + [UInt8(ascii: "\n")])
    }

    /// A piece of the answer, as it is.
    ///
    /// - Returns: `false` where the reader is gone.
    func raw(_ bytes: [UInt8]) -> Bool { writeRaw(bytes) }

    /// Writes all of it, or gives up where the reader is gone.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
