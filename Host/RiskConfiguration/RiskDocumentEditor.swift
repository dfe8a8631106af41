import Domain
import Engine
package import Settings

/// Changes single settings in a document's text. Comments, order and layout of everything else stay as they are.
///
/// An edit is done in the text and then proven: the new text is read, and what it says must differ from the old one by
/// exactly the settings asked for. Whatever else comes out is an error, and nothing is returned.
package struct RiskDocumentEditor {
    /// One setting and what becomes of it.
    package struct Edit: Hashable, Sendable {
        package var place: RiskPlace
        /// `daily-loss`; empty with the key `profile` = the profile of the firm or an account.
        package var control: String
        /// `max`, `per_instrument.orders`; `nil` = the whole control, which can only be removed.
        package var key: String?
        /// As in a document or as `SettingValue.text`: `20000 INR`, `[20000 INR, 500 USD]`, `2s`. `nil` = removed.
        package var value: String?

        package init(place: RiskPlace, control: String, key: String?, value: String?) {
            (self.place, self.control, self.key, self.value) = (place, control, key, value)
        }
    }

    private let file: String
    private var document: RiskDocument
    private var text: DocumentText

    /// - Throws: What is wrong with the text to begin with.
    package init(_ text: String, file: String) throws(ConfigurationErrors) {
        self.file = file
        document = try RiskDocument(text, file: file)
        self.text = try DocumentText(text, file: file)
    }

    /// The text with the edits made, one after the other. The same text where it says so already.
    ///
    /// - Throws: A control, key or value that is not known, with what would be right; a key that has no meaning at the
    ///   place; a removal of what is not there; a document that would be wrong.
    package static func edit(_ text: String, file: String, _ edits: [Edit]) throws(ConfigurationErrors) -> String {
        var editor = try RiskDocumentEditor(text, file: file)
        for edit in edits { try editor.apply(edit) }
        return editor.document.settings == (try RiskDocument(text, file: file)).settings ? text : editor.text.text
    }

    private mutating func apply(_ edit: Edit) throws(ConfigurationErrors) {
        var wanted = Dictionary(document.settings.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let path = Self.path(of: edit.place)
        let keeping = Self.keeping(edit.place)
        if edit.control.isEmpty {
            guard edit.key == "profile", edit.place.kind == .firm || edit.place.kind == .account else {
                throw failure(edit, "a control is missing", "give one like daily-loss.max")
            }
            let profile = RiskSetting(place: edit.place, control: "", key: "profile", value: edit.value ?? "")
            try change(edit, removing: wanted[profile.id] != nil) { text throws(ConfigurationErrors) in
                let path = path.dropLast() + [.key("profile")]
                if let value = edit.value {
                    try text.set(Array(path), to: DocumentText.quoted(value))
                } else {
                    try text.remove(Array(path), keeping: keeping)
                }
            }
            wanted[profile.id] = edit.value == nil ? nil : profile
            return try prove(edit, wanted)
        }
        guard let control = ControlKeys.byName[edit.control] else {
            let names = ControlKeys.all.map(\.control.name)
            let nearest = nearestWord(to: edit.control, among: names).map { "did you mean '\($0)'?" }
            throw failure(
                edit, "there is no control '\(ConfigurationError.excerpt(of: edit.control))'",
                nearest ?? "controls are \(names.joined(separator: ", "))")
        }
        let base = path + [.key(edit.control)]
        guard let name = edit.key else {
            guard edit.value == nil else { throw failure(edit, "a key is missing", keyRemedy(control, edit.place)) }
            let known = wanted.values.filter { $0.place == edit.place && $0.control == edit.control }
            try change(edit, removing: !known.isEmpty) { text throws(ConfigurationErrors) in
                try text.remove(base, keeping: keeping)
            }
            for setting in known { wanted[setting.id] = nil }
            return try prove(edit, wanted)
        }
        let key = try key(control, name, edit)
        try applySetting(edit, key, base, keeping, &wanted)
    }

    private mutating func applySetting(
        _ edit: Edit, _ key: SettingKey, _ base: [DocumentText.Step], _ keeping: Int,
        _ wanted: inout [RiskSetting.ID: RiskSetting]
    ) throws(ConfigurationErrors) {
        let own = document.settings(at: edit.place)
        let value: SettingValue? = if let text = edit.value { try read(text, key, edit) } else { nil }
        var settings = own.settings.filter { $0.key.number != key.number }
        if let value { settings.append(.init(key: key, value: value, line: 0, column: 0, path: "")) }
        let changed = PlaceSettings(settings)
        if value != nil, changed.settings.map(\.value) == own.settings.map(\.value),
            own[key]?.value == changed[key]?.value
        {
            return
        }
        try change(edit, removing: own[key] != nil) { text throws(ConfigurationErrors) in
            let kind = text.kind(at: base)
            if let kind, kind != .mapping, kind != .null {
                // The control's shorter spelling: it is written anew.
                let rest = changed.settings.filter { $0.key.control == key.control }
                guard !rest.isEmpty else { return try text.remove(base, keeping: keeping) }
                try text.set(base, to: Self.flow(rest))
            } else {
                let path = base + key.name.split(separator: ".").map { .key(String($0)) }
                if let value { try text.set(path, to: value.yaml) } else { try text.remove(path, keeping: keeping) }
            }
        }
        for setting in own.settings { wanted[RiskSetting(edit.place, setting).id] = nil }
        for setting in changed.settings {
            let setting = RiskSetting(edit.place, setting)
            wanted[setting.id] = setting
        }
        try prove(edit, wanted)
    }

    private mutating func change(
        _ edit: Edit, removing isThere: Bool,
        _ body: (inout DocumentText) throws(ConfigurationErrors) -> Void
    ) throws(ConfigurationErrors) {
        guard edit.value != nil || isThere else {
            throw failure(
                edit, "it is not set at \(edit.place), so it cannot be removed", "rms show says where it is set")
        }
        try body(&text)
    }

    /// Reads the new text and compares what it says with what was asked for.
    private mutating func prove(
        _ edit: Edit, _ wanted: [RiskSetting.ID: RiskSetting]
    ) throws(ConfigurationErrors) {
        let changed: RiskDocument
        do throws(ConfigurationErrors) {
            changed = try RiskDocument(text.text, file: file)
        } catch {
            // The places are those of a text that nobody has seen.
            throw failure(edit, "the document would be wrong: \(error.errors[0].message)", error.errors[0].remedy)
        }
        let found = Dictionary(changed.settings.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        guard found == wanted, changed.repeated.count == document.repeated.count else {
            throw failure(
                edit, "the document is written in a way that this setting cannot be changed alone",
                "change the document's text and apply it as a whole")
        }
        document = changed
    }

    // MARK: Words

    private func key(_ control: ControlKeys, _ name: String, _ edit: Edit) throws(ConfigurationErrors) -> SettingKey {
        guard let key = control.byName[name] else {
            let reason = control.refused[name].map { ": \($0)" } ?? ""
            throw failure(edit, "\(edit.control) has no key '\(name)'\(reason)", keyRemedy(control, edit.place))
        }
        guard key.places.contains(edit.place.kind) else {
            let kinds = RiskPlace.Kind.allCases.filter(key.places.contains).map(\.name)
            throw failure(
                edit, "\(key.path) does not bind \(edit.place.kind.bound)",
                "it can be set for \(kinds.joined(separator: ", "))")
        }
        return key
    }

    private func keyRemedy(_ control: ControlKeys, _ place: RiskPlace) -> String {
        let keys = control.keys.filter { $0.places.contains(place.kind) }.map(\.name)
        return keys.isEmpty
            ? "\(control.control.name) cannot be set for \(place)"
            : "keys of \(control.control.name) are \(keys.joined(separator: ", "))"
    }

    private func read(_ text: String, _ key: SettingKey, _ edit: Edit) throws(ConfigurationErrors) -> SettingValue {
        do throws(ConfigurationErrors) {
            return try DocumentReader.read(text: "value: \(text)\n", file: file) { reader in
                reader.required("value", key.type)
            }
        } catch {
            throw failure(edit, error.errors[0].message, error.errors[0].remedy ?? "expected \(key.type.expectation)")
        }
    }

    private func failure(_ edit: Edit, _ message: String, _ remedy: String?) -> ConfigurationErrors {
        let path = [edit.control, edit.key ?? ""].filter { !$0.isEmpty }.joined(separator: ".")
        return ConfigurationErrors(
            ConfigurationError(
                file: file, path: "\(edit.place) \(ConfigurationError.excerpt(of: path))",
                value: edit.value.map { ConfigurationError.excerpt(of: $0) }, message: message, remedy: remedy))
    }

    // MARK: Where things stand

    private static func path(of place: RiskPlace) -> [DocumentText.Step] {
        let section: (String, String)
        switch place {
        case .firm: return [.key("firm"), .key("limits")]
        case .profile(let name): return [.key("profiles"), .key(name)]
        case .group: section = ("groups", "id")
        case .account: section = ("accounts", "id")
        case .instrument: section = ("instruments", "match")
        case .adapter: section = ("adapters", "id")
        case .strategy: section = ("strategies", "id")
        }
        return [.key(section.0), .item(key: section.1, value: place.id), .key("limits")]
    }

    /// Steps of a path that a removal leaves in place, empty or not: an entry keeps its id, a profile its name.
    private static func keeping(_ place: RiskPlace) -> Int { place == .firm ? 0 : 2 }

    /// Settings of one control, with their sections.
    private static func flow(_ settings: [PlaceSettings.Setting]) -> String {
        var parts: [String] = []
        var sections: [(name: String, parts: [String])] = []
        for setting in settings {
            let steps = setting.key.name.split(separator: ".").map(String.init)
            let part = "\(steps[steps.count - 1]): \(setting.value.yaml)"
            if steps.count == 1 {
                parts.append(part)
            } else if let index = sections.firstIndex(where: { $0.name == steps[0] }) {
                sections[index].parts.append(part)
            } else {
                sections.append((steps[0], [part]))
            }
        }
        parts += sections.map { "\($0.name): { \($0.parts.joined(separator: ", ")) }" }
        return "{ \(parts.joined(separator: ", ")) }"
    }
}

extension RiskSetting {
    /// What is set, without the value.
    struct ID: Hashable {
        var place: RiskPlace
        var control: String
        var key: String
    }
    var id: ID { ID(place: place, control: control, key: key) }

    fileprivate init(_ place: RiskPlace, _ setting: PlaceSettings.Setting) {
        self.init(
            place: place, control: setting.key.control.name, key: setting.key.name, value: setting.value.text)
    }
}

extension SettingValue {
    /// The text as a document has it: amounts in quotes.
    fileprivate var yaml: String {
        guard case .money(let amounts) = self else { return text }
        let texts = amounts.sorted { $0.key.description < $1.key.description }.map { currency, amount in
            "\"\(Money(minorUnits: amount, currency: currency))\""
        }
        return texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
    }
}
