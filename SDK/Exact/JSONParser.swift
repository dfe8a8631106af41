extension JSONValue {
    /// Reads one document that takes up all of `bytes`, strictly by RFC 8259 and without duplicate keys.
    public static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits = .default
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes, limits: limits)
        do {
            return try parser.document(limits)
        } catch {
            throw JSONError(error, in: bytes, reversedPath: parser.reversedPath)
        }
    }

    /// Reads one document that takes up all of `bytes`.
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) -> JSONValue {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) in try parse(buffer, limits: limits) }
    }

    /// Reads one document that takes up all of `text`.
    public static func parse(_ text: String, limits: JSONLimits = .default) throws(JSONError) -> JSONValue {
        var text = text
        let result = text.withUTF8 { buffer in
            Result { () throws(JSONError) in try parse(buffer, limits: limits) }
        }
        return try result.get()
    }
}

/// A recursive descent over bytes, its depth bounded by the limits.
struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0
    /// Where strings with escapes are put together.
    var scratch: [UInt8] = []
    /// The way to a failure, innermost first: filled in while the failure passes through, so success pays nothing.
    private(set) var reversedPath: [String] = []
    private var elementsLeft: Int
    private let maximumDepth: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        elementsLeft = limits.maximumElements
        maximumDepth = min(limits.maximumDepth, JSONLimits.depthCeiling)
    }

    mutating func document(_ limits: JSONLimits) throws(JSONFailure) -> JSONValue {
        guard bytes.count <= limits.maximumBytes else {
            position = max(0, limits.maximumBytes)
            throw failure(.tooLarge, "the document is larger than allowed")
        }
        skipWhitespace()
        let value = try value(depth: 0)
        skipWhitespace()
        guard position == bytes.count else {
            throw failure(.trailingCharacters, "nothing may follow the value")
        }
        return value
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(JSONFailure) -> JSONValue {
        guard position < bytes.count else { throw failure(.unexpectedEnd, "the document ends where a value should be") }
        switch bytes[position] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: "t"):
            try literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default: throw failure(.unexpectedCharacter, "a value should come here")
        }
    }

    private mutating func object(depth: Int) throws(JSONFailure) -> JSONObject {
        guard depth < maximumDepth else { throw failure(.tooDeep, "arrays and objects are nested too deeply") }
        position += 1
        skipWhitespace()
        if take(UInt8(ascii: "}")) { return JSONObject() }
        var object = JSONObject(reserving: 8)
        while true {
            guard position < bytes.count else { throw failure(.unexpectedEnd, "the document ends inside an object") }
            guard bytes[position] == UInt8(ascii: "\"") else {
                throw failure(.unexpectedCharacter, "a key in double quotes should come here")
            }
            let keyPosition = position
            let key = try string()
            do throws(JSONFailure) {
                guard !object.contains(key: key) else {
                    throw JSONFailure(
                        kind: .duplicateKey, offset: keyPosition, detail: "this key is in the object already")
                }
                try countElement(at: keyPosition)
                skipWhitespace()
                guard take(UInt8(ascii: ":")) else { throw unexpected("a colon should come here") }
                skipWhitespace()
                object.appendUnchecked(key, try value(depth: depth + 1))
            } catch {
                reversedPath.append(key)
                throw error
            }
            skipWhitespace()
            if take(UInt8(ascii: "}")) { return object }
            guard take(UInt8(ascii: ",")) else { throw unexpected("a comma or '}' should come here") }
            skipWhitespace()
        }
    }

    private mutating func array(depth: Int) throws(JSONFailure) -> [JSONValue] {
        guard depth < maximumDepth else { throw failure(.tooDeep, "arrays and objects are nested too deeply") }
        position += 1
        skipWhitespace()
        var elements: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return elements }
        while true {
            do throws(JSONFailure) {
                try countElement(at: position)
                elements.append(try value(depth: depth + 1))
            } catch {
                reversedPath.append(String(elements.count))
                throw error
            }
            skipWhitespace()
            if take(UInt8(ascii: "]")) { return elements }
            guard take(UInt8(ascii: ",")) else { throw unexpected("a comma or ']' should come here") }
            skipWhitespace()
        }
    }

    private mutating func number() throws(JSONFailure) -> String {
        let start = position
        guard let end = JSONNumber.end(in: bytes, from: start), !isPartOfWord(end) else {
            throw failure(.invalidNumber, "this is not a JSON number")
        }
        position = end
        return String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self)
    }

    private mutating func literal(_ word: StaticString) throws(JSONFailure) {
        for index in 0..<word.utf8CodeUnitCount {
            guard position < bytes.count else { throw failure(.unexpectedEnd, "the document ends inside a word") }
            guard bytes[position] == word.utf8Start[index] else {
                throw failure(.unexpectedCharacter, "only true, false and null are words")
            }
            position += 1
        }
        if isPartOfWord(position) { throw failure(.unexpectedCharacter, "only true, false and null are words") }
    }

    // MARK: Small steps

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func countElement(at offset: Int) throws(JSONFailure) {
        guard elementsLeft > 0 else {
            throw JSONFailure(
                kind: .tooManyElements, offset: offset, detail: "the document has more members and items than allowed")
        }
        elementsLeft -= 1
    }

    /// Whether a number or word that should have ended goes on, as in `01`, `1.2.3` or `nullify`.
    private func isPartOfWord(_ offset: Int) -> Bool {
        guard offset < bytes.count else { return false }
        switch bytes[offset] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            return true
        default: return false
        }
    }

    private func unexpected(_ detail: StaticString) -> JSONFailure {
        failure(position < bytes.count ? .unexpectedCharacter : .unexpectedEnd, detail)
    }

    func failure(_ kind: JSONError.Kind, _ detail: StaticString) -> JSONFailure {
        JSONFailure(kind: kind, offset: position, detail: detail)
    }
}
