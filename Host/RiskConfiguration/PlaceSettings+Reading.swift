import Domain
import Engine
import Settings

extension PlaceSettings {
    /// Reads the controls of a profile or of the limits of a scope. Every error is reported at its place.
    init(_ reader: MappingReader, at kind: RiskPlace.Kind) {
        var found: [Found] = []
        for (name, value) in reader.entries() {
            guard let control = ControlKeys.byName[name] else {
                reader.reportUnknown(
                    name, known: ControlKeys.all.filter { $0.places.contains(kind) }.map(\.control.name))
                continue
            }
            let before = found.count
            Self.read(control, value, at: kind, into: &found)
            Self.check(control, Array(found[before...]), at: kind)
        }
        self.init(found.map(\.setting))
    }

    /// A setting while its place can still be complained about.
    struct Found {
        var setting: Setting
        var source: FieldValue
    }

    private static func read(
        _ control: ControlKeys, _ value: FieldValue, at kind: RiskPlace.Kind, into found: inout [Found]
    ) {
        guard control.places.contains(kind) else {
            value.reportWithoutValue(
                "the control \(control.control.name) does not bind \(kind.bound)", remedy: remedy(control.places))
            return
        }
        // Two controls have a shorter spelling that stands for one of their keys.
        switch (control.control, value.kind) {
        case (.allowList, .list): return read(control, "rules", value, at: kind, into: &found)
        case (.marginBuffer, .text) where value.text == "unlimited":
            return read(control, "bps", value, at: kind, into: &found)
        default: break
        }
        guard let mapping = value.mapping else {
            let own = control.keys.filter { $0.places.contains(kind) }.map(\.name).joined(separator: ", ")
            value.reportMismatch(expected: "a mapping with at least one of \(own)")
            return
        }
        let known = found.count
        read(control, mapping, prefix: "", at: kind, into: &found)
        if mapping.keys.isEmpty, found.count == known {
            mapping.report(
                "\(control.control.name) sets nothing",
                remedy: "give at least one of "
                    + control.keys.filter { $0.places.contains(kind) }.map(\.name).joined(separator: ", "))
        }
    }

    private static func read(
        _ control: ControlKeys, _ mapping: MappingReader, prefix: String, at kind: RiskPlace.Kind,
        into found: inout [Found]
    ) {
        for (key, value) in mapping.entries() {
            let name = prefix + key
            if control.byName[name] != nil {
                read(control, name, value, at: kind, into: &found)
            } else if control.nested.contains(name) {
                if let section = value.mapping {
                    read(control, section, prefix: name + ".", at: kind, into: &found)
                } else {
                    value.reportMismatch(expected: "a mapping")
                }
            } else if let reason = control.refused[name] {
                value.report("\(control.control.name) has no \(name): \(reason)", remedy: "leave it out")
            } else {
                let known = control.keys.filter { $0.places.contains(kind) && $0.name.hasPrefix(prefix) }
                    .map { $0.name.dropFirst(prefix.count).prefix { $0 != "." } }
                mapping.reportUnknown(
                    key, known: known.reduce(into: []) { if !$0.contains(String($1)) { $0.append(String($1)) } })
            }
        }
    }

    private static func read(
        _ control: ControlKeys, _ name: String, _ value: FieldValue, at kind: RiskPlace.Kind, into found: inout [Found]
    ) {
        guard let key = control.byName[name] else { return }
        guard key.places.contains(kind) else {
            value.report("\(key.path) does not bind \(kind.bound)", remedy: remedy(key.places))
            return
        }
        guard value.kind != .null else {
            value.report("there is no value", remedy: "expected \(key.type.expectation)")
            return
        }
        guard let read = key.type.read(value) else { return }
        let (line, column) = value.position
        found.append(
            Found(
                setting: Setting(key: key, value: read, line: line, column: column, path: value.path), source: value))
    }

    private static func remedy(_ places: Set<RiskPlace.Kind>) -> String {
        let names = RiskPlace.Kind.allCases.filter(places.contains).map { kind in
            switch kind {
            case .firm: "limits of the firm"
            case .profile: "a profile"
            default: "limits of \(kind == .strategy ? "strategies" : kind.name + "s")"
            }
        }
        return "give it in " + names.joined(separator: ", ")
    }

    // MARK: Keys that need or exclude one another

    private static func check(_ control: ControlKeys, _ found: [Found], at kind: RiskPlace.Kind) {
        func given(_ name: String) -> Found? { found.first { $0.setting.key.name == name } }
        func word(_ name: String) -> String? { given(name)?.setting.value.word }
        if !kind.isAccount {
            for entry in found {
                guard let companion = entry.setting.key.companion, given(companion) == nil,
                    control.control != .priceCollar
                else { continue }
                entry.source.report(
                    "\(entry.setting.key.path) says nothing without \(companion)", remedy: "give \(companion) beside it"
                )
            }
        }
        checkResponse(control, found, at: kind)
        if let action = given("action"), control.action != nil {
            if word("action") == "cool_off", given("cool_off") == nil {
                action.source.report("action: cool_off does not say how long", remedy: "give cool_off: 15m beside it")
            }
            if word("action") == "alert", let mode = given("mode"), word("mode") == "enforce" {
                mode.source.report(
                    "mode: enforce contradicts action: alert", remedy: "leave one of them out; alert only observes")
            }
        }
        switch control.control {
        case .quantityLimits:
            guard let minimum = given("min"), case .decimal(let least) = minimum.setting.value,
                case .decimal(let most)? = given("max")?.setting.value, least > most
            else { return }
            minimum.source.report("min is above max", remedy: "give min <= max")
        case .notionalLimits:
            guard let minimum = given("min"), case .money(let least) = minimum.setting.value,
                case .money(let most)? = given("max")?.setting.value,
                least.contains(where: { currency, amount in most[currency].map { amount > $0 } ?? false })
            else { return }
            minimum.source.report("min is above max", remedy: "give min <= max in every currency")
        case .maxPosition:
            guard kind.isAccount, let unit = given("unit"), given("max") == nil else { return }
            unit.source.report("unit says nothing without max", remedy: "give max beside it")
        case .priceCollar:
            if let inner = given("inner_absolute"), given("inner_bps") == nil {
                inner.source.report(
                    "inner_absolute says nothing without inner_bps", remedy: "give inner_bps beside it, 0 for none")
            }
            guard kind == .instrument, let first = found.first else { return }
            for name in ["bps", "max_age"] where given(name) == nil {
                first.source.reportWithoutValue(
                    "price-collar of instruments is without \(name)",
                    remedy: "give \(name): an instrument's collar stands in place of the account's as a whole")
            }
        default: break
        }
    }

    /// `escalate` is worth its name, and has a time.
    private static func checkResponse(_ control: ControlKeys, _ found: [Found], at kind: RiskPlace.Kind) {
        for escalate in found where escalate.setting.key.name.hasSuffix("escalate") {
            let section = escalate.setting.key.name.dropLast("escalate".count)
            func given(_ name: String) -> Found? { found.first { $0.setting.key.name == section + name } }
            guard let action = BreachResponse.Action(word: escalate.setting.value.word) else {
                given("grace")?.source.report("grace says nothing beside escalate: none", remedy: "leave it out")
                continue
            }
            let then = given("then")?.setting.value.word ?? (kind.isAccount ? nil : "reducing")
            if let then, let first = BreachResponse.Action(word: then), action <= first {
                escalate.source.report(
                    "\(escalate.setting.value.word) is not more severe than then: \(then)",
                    remedy: "expected one of "
                        + ["reducing", "cancel_all", "square_off", "halted", "none"].filter {
                            BreachResponse.Action(word: $0).map { $0 > first } ?? true
                        }.joined(separator: ", "))
            }
            if given("grace") == nil, !kind.isAccount {
                escalate.source.report("escalate does not say when", remedy: "give grace: 60s beside it")
            }
        }
    }
}
