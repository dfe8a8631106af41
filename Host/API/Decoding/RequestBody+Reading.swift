import Domain
import Hummingbird
import NIOCore

/// Reading bodies: bounded, strict, and with the place of the mistake.
enum BodyReading {
    /// The longest body, in bytes. Order routes need far less; nothing of ours needs more.
    static let maximumBytes = 65_536

    /// Takes the whole body in.
    ///
    /// - Throws: 413 beyond `maximumBytes`, before anything of the rest is kept; 400 where the connection broke off.
    static func collect(_ request: Request, upTo limit: Int = maximumBytes) async throws(Problem) -> ByteBuffer {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw tooLarge(limit)
        }
        do {
            return try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw tooLarge(limit)
        } catch {
            throw Problem(.badRequest, "body_incomplete", "the body ended before its length was reached")
        }
    }

    private static func tooLarge(_ limit: Int) -> Problem {
        Problem(
            .contentTooLarge, "body_too_large", path: "", value: nil, "the body has more than \(limit) bytes",
            remedy: "send at most \(limit) bytes")
    }

    /// Reads a body that must be a JSON object.
    static func object(_ buffer: ByteBuffer, upTo limit: Int = maximumBytes) throws(Problem) -> JSONObject {
        let value: JSONValue
        do throws(JSONError) {
            value = try parse(buffer, JSONLimits(maximumBytes: limit))
        } catch {
            throw Problem(
                .badRequest, "invalid_json", "\(error)",
                [
                    Problem.Entry(
                        path: error.path, value: nil,
                        message: "\(error.detail) (line \(error.line), column \(error.column))",
                        remedy: remedy(error.kind))
                ])
        }
        guard case .object(let object) = value else {
            throw Problem(
                .badRequest, "invalid_json", path: "", value: ObjectReader.shown(value), "the body is no JSON object",
                remedy: "send an object, {…}")
        }
        return object
    }

    private static func parse(_ buffer: ByteBuffer, _ limits: JSONLimits) throws(JSONError) -> JSONValue {
        let result = buffer.withUnsafeReadableBytes { bytes in
            Result { () throws(JSONError) in
                try JSONValue.parse(bytes.bindMemory(to: UInt8.self), limits: limits)
            }
        }
        return try result.get()
    }

    private static func remedy(_ kind: JSONError.Kind) -> String {
        switch kind {
        case .duplicateKey: "write each key once"
        case .tooDeep: "nest at most \(JSONLimits.default.maximumDepth) levels"
        case .tooManyElements: "send at most \(JSONLimits.default.maximumElements) members and items"
        case .tooLarge: "send at most \(maximumBytes) bytes"
        case .invalidNumber: "write numbers as in 2500.05; NaN and infinity are no JSON"
        case .invalidString: "write strings in UTF-8, with control characters escaped"
        case .unexpectedCharacter, .unexpectedEnd, .trailingCharacters: "send one JSON document (RFC 8259)"
        }
    }
}
