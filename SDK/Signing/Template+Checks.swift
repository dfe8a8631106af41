import CSluice

extension Template {
    /// Checks that every slot the template refers to is made before `part` is (services.h: values, then body, target,
    /// headers; the method is known beforehand).
    ///
    /// - Parameter values: how many values the request has.
    public func checkSlots(in part: RequestPart, values: Int) throws(TemplateError) {
        for (index, node) in nodes.enumerated() where node.kind == SLUICE_NODE_SLOT {
            guard let slot = Slot(rawValue: node.format) else { throw TemplateError(node: index, .noSuchSlot) }
            if case .alone = part { throw TemplateError(node: index, .noSuchSlot) }
            switch slot {
            case .method: continue
            case .value:
                guard node.number < Int64(values) else { throw TemplateError(node: index, .noSuchSlot) }
                if case .value(let own) = part, node.number >= Int64(own) {
                    throw TemplateError(node: index, .slotNotMadeYet)
                }
            case .body:
                if part != .target, part != .header { throw TemplateError(node: index, .slotNotMadeYet) }
            case .target, .path, .query, .url:
                if part != .header { throw TemplateError(node: index, .slotNotMadeYet) }
            }
        }
    }

    /// Checks that the value of the template shows no byte of a secret: a secret may be a key, or stand below a digest,
    /// an HMAC, a signature or a one-time code. What `crypto` makes goes back to the adapter, so it must pass this.
    public func checkRevealsNothing() throws(TemplateError) {
        var shows = [Bool](repeating: false, count: nodes.count)
        for (index, node) in nodes.enumerated() {
            switch node.kind {
            case SLUICE_NODE_SECRET, SLUICE_NODE_DECRYPT: shows[index] = true
            case SLUICE_NODE_DIGEST, SLUICE_NODE_HMAC, SLUICE_NODE_SIGN, SLUICE_NODE_TOTP: continue
            default:
                // Everything else shows what it is made of: a token its claims, a power its exponent to whoever chose
                // the modulus.
                shows[index] = (0..<Int(node.operandCount)).contains { shows[operand(node, $0)] }
            }
        }
        if shows.last == true { throw TemplateError(node: nodes.count - 1, .revealsSecret) }
    }

    /// Whether the template refers to another part of its request.
    public var hasSlots: Bool { nodes.contains { $0.kind == SLUICE_NODE_SLOT } }

    /// Whether the template's value may change from one moment to the next, so that it cannot be made beforehand.
    public var dependsOnMoment: Bool {
        nodes.contains { node in
            switch node.kind {
            case SLUICE_NODE_LITERAL, SLUICE_NODE_DIGEST, SLUICE_NODE_ENCODE, SLUICE_NODE_DECODE, SLUICE_NODE_LENGTH,
                SLUICE_NODE_CONCAT, SLUICE_NODE_MOD_POWER:
                false
            default: true
            }
        }
    }

    /// The handles of the secrets that the template needs.
    public var secrets: [UInt64] { nodes.compactMap { $0.secret == 0 ? nil : $0.secret } }
}
