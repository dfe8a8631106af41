import Domain

// What people do: overrides, square-offs, changes of the set-up.

extension EventWriter {
    mutating func write(_ by: String, _ reason: String, _ at: Timestamp) {
        write(by)
        write(reason)
        write(at)
    }

    package mutating func write(_ override: RiskOverride) {
        write(override.id)
        write(byte: override.control.rawValue)
        write(override.scope)
        write(override.until)
        write(override.maximumUses)
        write(override.by, override.reason, override.at)
    }
}

extension EventWriter {
    package mutating func write(_ act: AdminAct) {
        write(byte: act.kind.rawValue)
        write(act.subject)
        write(act.key)
        write(act.detail)
        write(act.by, act.reason, act.at)
    }
}

extension EventReader {
    package mutating func readAdminAct() throws(EventCodingError) -> AdminAct {
        let kind = try read(AdminAct.Kind.init(rawValue:))
        let (subject, key, detail) = (try readText(), try readText(), try readText())
        let (by, reason) = (try readText(), try readText())
        return AdminAct(
            kind, subject: subject, by: by, key: key, reason: reason, detail: detail, at: try readTime())
    }

    package mutating func readOverride() throws(EventCodingError) -> RiskOverride {
        var override = RiskOverride(
            id: try readSigned(), control: try read(ControlID.init(rawValue:)), scope: try readScope(),
            until: try readTime(), maximumUses: try readSigned(), reason: "", by: try readText(), at: base)
        override.reason = try readText()
        override.at = try readTime()
        return override
    }

    package mutating func readSquareOff() throws(EventCodingError) -> SquareOff {
        let (id, scope, by) = (try readSigned(), try readScope(), try readText())
        return SquareOff(id: id, scope: scope, reason: try readText(), by: by, at: try readTime())
    }

    package mutating func readSquareOffEnd() throws(EventCodingError) -> Event {
        let id = try readSigned()
        let outcome = try read(SquareOff.End.Outcome.init(rawValue:))
        let by = try readText()
        return .squareOffEnded(
            id: id, SquareOff.End(outcome: outcome, reason: try readText(), by: by, at: try readTime()))
    }
}
