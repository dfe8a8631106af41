import COpenSSL
import CSluice

/// Makes the values of templates. Keeps its memory from one to the next, so a value costs no allocation but its own; wipes
/// it after each, since secrets pass through.
///
/// Not thread-safe: one an egress lane.
public final class TemplateEvaluator {
    // Reached by one thread at a time, and never while another access is under way.
    @exclusivity(unchecked) private var arena = Arena()
    @exclusivity(unchecked) private var ranges: [Range<Int>] = []

    /// An evaluator with nothing made yet.
    public init() { ranges.reserveCapacity(32) }

    /// The value of a template. An absent one is empty.
    public func value<Environment: TemplateEnvironment>(
        _ template: Template, in environment: inout Environment, slots: TemplateSlots = TemplateSlots()
    ) throws(TemplateError) -> [UInt8] {
        if let literal = template.literal { return literal }
        guard !template.isAbsent else { return [] }
        defer {
            ranges.removeAll(keepingCapacity: true)
            arena.wipe()
        }
        for index in template.nodes.indices {
            ranges.append(try make(template, index, &environment, slots))
        }
        return arena.copy(ranges[ranges.count - 1])
    }

    /// The value of a template as a secret, which never shows.
    public func secret<Environment: TemplateEnvironment>(
        _ template: Template, in environment: inout Environment
    ) throws(TemplateError) -> Secret {
        var bytes = try value(template, in: &environment)
        defer { bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        return Secret(bytes)
    }

    private func make<Environment: TemplateEnvironment>(
        _ template: Template, _ index: Int, _ environment: inout Environment, _ slots: TemplateSlots
    ) throws(TemplateError) -> Range<Int> {
        let node = template.nodes[index]
        let result: Result<Range<Int>, TemplateError.Reason>
        switch node.kind {
        case SLUICE_NODE_LITERAL:
            result = template.withText(node) { append($0) }
        case SLUICE_NODE_SECRET:
            result = secret(node, environment).flatMap { secret in secret.withBytes { append($0) } }
        case SLUICE_NODE_NOW:
            let moment = environment.nowNanoseconds.addingReportingOverflow(node.number)
            result =
                moment.overflow
                ? .failure(.outOfRange)
                : append(atMost: Moment.room) { Moment.write(moment.partialValue, node.format, to: $0) }
        case SLUICE_NODE_NONCE:
            let nonce = environment.nextNonce(unitNanoseconds: Moment.unit(node.format))
            result = append(atMost: Moment.room) { Moment.write(nonce, SLUICE_NOW_NANOSECONDS, to: $0) }
        case SLUICE_NODE_RANDOM: result = random(node, &environment)
        case SLUICE_NODE_DIGEST:
            let operand = self.operand(template, node, 0)
            result = digest(node) { hash, memory in hash.digest(arena.bytes(operand), into: memory) }
        case SLUICE_NODE_HMAC: result = hmac(template, node, environment)
        case SLUICE_NODE_SIGN:
            result = sign(node, environment, arena.bytes(operand(template, node, 0))).flatMap { append($0) }
        case SLUICE_NODE_ENCODE:
            guard let encoding = Encoding(rawValue: node.format) else { return try fail(index, .unknownFormat) }
            let operand = self.operand(template, node, 0)
            result = append(atMost: encoding.room(for: operand.count)) {
                encoding.write(arena.bytes(operand), to: $0)
            }
        case SLUICE_NODE_DECODE:
            guard let encoding = Encoding(rawValue: node.format) else { return try fail(index, .unknownFormat) }
            let decoded = encoding.decoded(arena.bytes(operand(template, node, 0)))
            result = decoded.map { append($0) } ?? .failure(.unusableInput)
        case SLUICE_NODE_LENGTH:
            let count = Int64(operand(template, node, 0).count)
            result = append(atMost: Moment.room) { Moment.write(count, SLUICE_NOW_NANOSECONDS, to: $0) }
        case SLUICE_NODE_CONCAT: result = concatenate(template, node)
        case SLUICE_NODE_SLOT:
            guard let slot = Slot(rawValue: node.format) else { return try fail(index, .noSuchSlot) }
            result = slots.bytes(slot, node.number).map { append($0) } ?? .failure(.slotNotMadeYet)
        case SLUICE_NODE_TOTP: result = oneTimeCode(node, environment)
        case SLUICE_NODE_JWT: result = token(template, node, environment)
        case SLUICE_NODE_MOD_POWER:
            result = modularPower(
                arena.bytes(operand(template, node, 0)), arena.bytes(operand(template, node, 1)),
                arena.bytes(operand(template, node, 2))
            ).flatMap { append($0) }
        case SLUICE_NODE_DECRYPT:
            let text = arena.bytes(operand(template, node, 0))
            result = secret(node, environment).flatMap { secret in
                switch secret.withPrivateKey(.rsa, { $0.decrypt(text) }) {
                case nil: .failure(.unusableKey)
                case .some(nil): .failure(.unusableInput)
                case .some(.some(let plain)): append(plain)
                }
            }
        default: result = .failure(.unknownKind)
        }
        switch result {
        case .success(let range): return range
        case .failure(let reason): return try fail(index, reason)
        }
    }

    private func fail(_ index: Int, _ reason: TemplateError.Reason) throws(TemplateError) -> Range<Int> {
        throw TemplateError(node: index, reason)
    }

    // The arena is read while it is written, so writing is a method of this class, not a mutation of the arena.

    private func append(
        atMost count: Int, _ write: (UnsafeMutableRawPointer) -> Int
    ) -> Result<Range<Int>, TemplateError.Reason> {
        guard let memory = arena.room(count) else { return .failure(.tooLarge) }
        let written = write(memory)
        return .success(arena.took(written))
    }

    private func append(_ bytes: UnsafeRawBufferPointer) -> Result<Range<Int>, TemplateError.Reason> {
        append(atMost: bytes.count) { memory in
            if let start = bytes.baseAddress { memory.copyMemory(from: start, byteCount: bytes.count) }
            return bytes.count
        }
    }

    private func append(_ bytes: [UInt8]) -> Result<Range<Int>, TemplateError.Reason> {
        bytes.withUnsafeBytes { append($0) }
    }

    @inline(__always)
    private func operand(_ template: Template, _ node: Template.Node, _ place: Int) -> Range<Int> {
        ranges[template.operand(node, place)]
    }

    private func secret(
        _ node: Template.Node, _ environment: some TemplateEnvironment
    ) -> Result<Secret, TemplateError.Reason> {
        environment.secret(node.secret).map { .success($0) } ?? .failure(.noSuchSecret)
    }

    private func digest(
        _ node: Template.Node, _ write: (Hash, UnsafeMutableRawPointer) -> Bool
    ) -> Result<Range<Int>, TemplateError.Reason> {
        guard let hash = Hash(rawValue: node.format) else { return .failure(.unknownFormat) }
        var isMade = false
        let range = append(atMost: hash.size) { memory in
            isMade = write(hash, memory)
            return hash.size
        }
        return isMade ? range : .failure(.signingFailed)
    }

    private func hmac(
        _ template: Template, _ node: Template.Node, _ environment: some TemplateEnvironment
    ) -> Result<Range<Int>, TemplateError.Reason> {
        let text = operand(template, node, 0)
        if node.secret != 0 {
            return secret(node, environment).flatMap { secret in
                digest(node) { hash, memory in
                    secret.withBytes { key in
                        secret.hmac(hash, decoding: 0, key: key, over: arena.bytes(text), into: memory)
                    }
                }
            }
        }
        let keyNode = template.operand(node, 1)
        let key = ranges[keyNode]
        // A key that is a decoded secret is kept with that secret.
        let decode = template.nodes[keyNode]
        if decode.kind == SLUICE_NODE_DECODE {
            let source = template.nodes[template.operand(decode, 0)]
            if source.kind == SLUICE_NODE_SECRET, let secret = environment.secret(source.secret) {
                return digest(node) { hash, memory in
                    secret.hmac(
                        hash, decoding: decode.format, key: arena.bytes(key), over: arena.bytes(text), into: memory)
                }
            }
        }
        return digest(node) { hash, memory in
            KeyedHash(hash, key: arena.bytes(key))?.digest(arena.bytes(text), into: memory) ?? false
        }
    }

    private func sign(
        _ node: Template.Node, _ environment: some TemplateEnvironment, _ text: UnsafeRawBufferPointer
    ) -> Result<[UInt8], TemplateError.Reason> {
        guard let signature = Signature(rawValue: node.format) else { return .failure(.unknownFormat) }
        if signature == .ecdsaSecp256k1, text.count != 32 { return .failure(.unusableInput) }
        return secret(node, environment).flatMap { secret in
            switch secret.withPrivateKey(signature.keyKind, { $0.sign(signature, text) }) {
            case nil: .failure(.unusableKey)
            case .some(nil): .failure(.signingFailed)
            case .some(.some(let made)): .success(made)
            }
        }
    }

    private func concatenate(_ template: Template, _ node: Template.Node) -> Result<Range<Int>, TemplateError.Reason> {
        var size = 0
        let between = Int(node.textCount)
        for place in 0..<Int(node.operandCount) {
            size += operand(template, node, place).count + (place == 0 ? 0 : between)
        }
        return append(atMost: size) { memory in
            var end = 0
            template.withText(node) { separator in
                for place in 0..<Int(node.operandCount) {
                    if place > 0, let start = separator.baseAddress {
                        (memory + end).copyMemory(from: start, byteCount: separator.count)
                        end += separator.count
                    }
                    let part = arena.bytes(operand(template, node, place))
                    if let start = part.baseAddress { (memory + end).copyMemory(from: start, byteCount: part.count) }
                    end += part.count
                }
            }
            return end
        }
    }

    /// RFC 7519: header and claims in base64url, then the signature over both.
    private func token(
        _ template: Template, _ node: Template.Node, _ environment: some TemplateEnvironment
    ) -> Result<Range<Int>, TemplateError.Reason> {
        let header = operand(template, node, 0)
        let claims = operand(template, node, 1)
        let room = Encoding.base64URL.room(for: header.count) + Encoding.base64URL.room(for: claims.count) + 1
        let signed = append(atMost: room) { memory in
            var end = Encoding.base64URL.write(arena.bytes(header), to: memory)
            memory.storeBytes(of: UInt8(ascii: "."), toByteOffset: end, as: UInt8.self)
            end += 1
            return end + Encoding.base64URL.write(arena.bytes(claims), to: memory + end)
        }
        return signed.flatMap { signed in
            let signature: Result<[UInt8], TemplateError.Reason>
            if let hash = Hash(rawValue: node.format) {
                signature = secret(node, environment).flatMap { secret in
                    var made = [UInt8](repeating: 0, count: hash.size)
                    let isMade = made.withUnsafeMutableBytes { memory in
                        memory.baseAddress.map { start in
                            secret.withBytes { key in
                                secret.hmac(hash, decoding: 0, key: key, over: arena.bytes(signed), into: start)
                            }
                        } ?? false
                    }
                    return isMade ? .success(made) : .failure(.signingFailed)
                }
            } else {
                signature = sign(node, environment, arena.bytes(signed))
            }
            return signature.flatMap { signature in
                let whole = signed.count + 1 + Encoding.base64URL.room(for: signature.count)
                return append(atMost: whole) { memory in
                    if let start = arena.bytes(signed).baseAddress {
                        memory.copyMemory(from: start, byteCount: signed.count)
                    }
                    memory.storeBytes(of: UInt8(ascii: "."), toByteOffset: signed.count, as: UInt8.self)
                    return signed.count + 1
                        + signature.withUnsafeBytes { Encoding.base64URL.write($0, to: memory + signed.count + 1) }
                }
            }
        }
    }

    /// RFC 6238 with SHA-1 and steps of 30 s.
    private func oneTimeCode(
        _ node: Template.Node, _ environment: some TemplateEnvironment
    ) -> Result<Range<Int>, TemplateError.Reason> {
        secret(node, environment).flatMap { secret in
            let decoded = secret.withBytes { bytes -> [UInt8]? in
                node.format == SLUICE_ENCODE_BASE32 ? Encoding.base32.decoded(bytes) : Array(bytes)
            }
            guard var key = decoded, !key.isEmpty else { return .failure(.unusableKey) }
            defer { key.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
            let step = (UInt64(max(environment.nowNanoseconds, 0)) / 30_000_000_000).bigEndian
            var digest = [UInt8](repeating: 0, count: Hash.sha1.size)
            let isMade = digest.withUnsafeMutableBytes { memory in
                withUnsafeBytes(of: step) { step in
                    key.withUnsafeBytes { key in
                        memory.baseAddress.map {
                            secret.hmac(.sha1, decoding: node.format, key: key, over: step, into: $0)
                        } ?? false
                    }
                }
            }
            guard isMade else { return .failure(.signingFailed) }
            let start = Int(digest[19] & 15)
            let number = digest[start..<(start + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
            let digits = node.number == 0 ? 6 : Int(node.number)
            let limit = [1_000_000, 10_000_000, 100_000_000][digits - 6]
            return append(atMost: Moment.room) { memory in
                var text = Moment.Text(out: memory.assumingMemoryBound(to: UInt8.self))
                text.add(Int64(Int(number) % limit), digits: digits)
                return text.count
            }
        }
    }

    private func random<Environment: TemplateEnvironment>(
        _ node: Template.Node, _ environment: inout Environment
    ) -> Result<Range<Int>, TemplateError.Reason> {
        let text = RandomText.make(format: node.format, count: Int(node.number), &environment)
        return append(text)
    }
}

extension Template {
    /// Lends a node's own bytes.
    @inline(__always)
    func withText<Value>(_ node: Node, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        pool.withUnsafeBytes { pool in
            let start = Int(node.textStart)
            return body(UnsafeRawBufferPointer(rebasing: pool[start..<(start + Int(node.textCount))]))
        }
    }
}
