extension JSONParser {
    /// Reads the string whose opening quote is here and moves behind its closing quote.
    mutating func string() throws(JSONFailure) -> String {
        position += 1
        let start = position
        let isASCII = skipPlainBytes()
        guard position < bytes.count else { throw failure(.unexpectedEnd, "the document ends inside a string") }
        if bytes[position] == UInt8(ascii: "\"") {
            let content = UnsafeBufferPointer(rebasing: bytes[start..<position])
            if isASCII {
                position += 1
                return String(copying: content)
            }
            let text = try validated(content, from: start)
            position += 1
            return text
        }
        position = start
        return try stringWithEscapes()
    }

    /// Moves to the next quote, backslash or control character. Returns whether all bytes before it are ASCII.
    private mutating func skipPlainBytes() -> Bool {
        var seen: UInt8 = 0
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            seen |= byte
            position += 1
        }
        return seen < 0x80
    }

    private mutating func stringWithEscapes() throws(JSONFailure) -> String {
        scratch.removeAll(keepingCapacity: true)
        while true {
            let start = position
            let isASCII = skipPlainBytes()
            let run = UnsafeBufferPointer(rebasing: bytes[start..<position])
            if !isASCII { _ = try validated(run, from: start) }  // here, where the offset is known
            scratch.append(contentsOf: run)
            guard position < bytes.count else { throw failure(.unexpectedEnd, "the document ends inside a string") }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: scratch, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape()
            default: throw failure(.invalidString, "a control character must be escaped in a string")
            }
        }
    }

    /// Resolves the escape whose backslash is here.
    private mutating func escape() throws(JSONFailure) {
        guard position + 1 < bytes.count else { throw endsInEscape }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""): scratch.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): scratch.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): scratch.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): scratch.append(0x08)
        case UInt8(ascii: "f"): scratch.append(0x0C)
        case UInt8(ascii: "n"): scratch.append(0x0A)
        case UInt8(ascii: "r"): scratch.append(0x0D)
        case UInt8(ascii: "t"): scratch.append(0x09)
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw failure(.invalidString, "there is no such escape")
        }
        position += 2
    }

    /// Resolves `\uXXXX`, or the two of them that make up a surrogate pair.
    private mutating func unicodeEscape() throws(JSONFailure) {
        let first = try codeUnit(at: position)
        var value = UInt32(first)
        var length = 6
        if UTF16.isLeadSurrogate(first) {
            let next = position + 6
            // Only when the document ends does "unexpected end" say more than "lone surrogate".
            guard next < bytes.count else { throw endsInEscape }
            guard bytes[next] == UInt8(ascii: "\\") else { throw loneSurrogate }
            guard next + 1 < bytes.count else { throw endsInEscape }
            guard bytes[next + 1] == UInt8(ascii: "u") else { throw loneSurrogate }
            let second = try codeUnit(at: next)
            guard UTF16.isTrailSurrogate(second) else { throw loneSurrogate }
            value = 0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF))
            length = 12
        }
        guard let scalar = Unicode.Scalar(value) else { throw loneSurrogate }
        scratch.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)  // every scalar has one
        position += length
    }

    /// The four hexadecimal digits of the escape whose backslash is at `offset`.
    private func codeUnit(at offset: Int) throws(JSONFailure) -> UInt16 {
        var value: UInt16 = 0
        for index in (offset + 2)..<(offset + 6) {
            guard index < bytes.count else { throw endsInEscape }
            let digit: UInt8
            switch bytes[index] {
            case let byte where byte &- UInt8(ascii: "0") <= 9: digit = byte - UInt8(ascii: "0")
            case let byte where (byte | 0x20) &- UInt8(ascii: "a") <= 5: digit = (byte | 0x20) - UInt8(ascii: "a") + 10
            default: throw failure(.invalidString, "four hexadecimal digits should follow \\u")
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    /// The text of bytes that must be UTF-8. A failure points at the first byte that is not.
    private mutating func validated(
        _ content: UnsafeBufferPointer<UInt8>, from start: Int
    ) throws(JSONFailure) -> String {
        if let text = String(validating: content, as: UTF8.self) { return text }
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = content.makeIterator()
        var validCount = 0
        while case .valid(let scalar) = parser.parseScalar(from: &iterator) { validCount += scalar.count }
        position = start + validCount
        throw failure(.invalidString, "this is not UTF-8")
    }

    private var endsInEscape: JSONFailure {
        JSONFailure(kind: .unexpectedEnd, offset: bytes.count, detail: "the document ends inside an escape")
    }

    private var loneSurrogate: JSONFailure {
        failure(.invalidString, "a surrogate stands alone")
    }
}
