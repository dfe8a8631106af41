import Domain
import Engine
package import Settings

/// The risk document: who is bound by what (RISK.md §6.1). Read strictly, with every error at its place; nothing of a
/// document with an error takes effect.
///
/// Reading finds what is wrong with each place by itself. What contradicts another place depends on the accounts that
/// there are, and is found by `contradictions(accounts:)`; names of what does not exist by `unknownNames(...)`. A value;
/// any thread may read and ask.
package struct RiskDocument: Sendable {
    /// One scope or profile with what it says.
    struct Entry: Sendable {
        var place: RiskPlace
        var settings: PlaceSettings
        /// Only of the firm and of accounts.
        var profile: String?
        /// Where the id stands.
        var line: Int
        var column: Int
        var path: String
    }

    /// Its name in errors.
    package let file: String
    /// In the order written; each place once, but for those in `repeated`.
    private(set) var entries: [Entry] = []
    private(set) var byPlace: [RiskPlace: Int] = [:]
    /// Later entries of a place that stands already.
    private(set) var repeated: [Entry] = []

    /// - Parameter file: For the places of errors.
    package init(_ text: String, file: String) throws(ConfigurationErrors) {
        var document = RiskDocument(file: file)
        try DocumentReader.read(Array(text.utf8), file: file) { reader in document.read(reader) }
        self = document
    }

    private init(file: String) { self.file = file }

    /// The profile that every account starts from.
    static let shipped: PlaceSettings = {
        do throws(ConfigurationErrors) {
            let document = try RiskDocument(RiskDefaults.document, file: "the shipped default profile")
            return document.settings(at: .profile("default"))
        } catch {
            preconditionFailure("the shipped default profile is broken: \(error)")
        }
    }()

    func settings(at place: RiskPlace) -> PlaceSettings { entry(place)?.settings ?? PlaceSettings() }
    func entry(_ place: RiskPlace) -> Entry? { byPlace[place].map { entries[$0] } }

    /// What stands in force for accounts of a profile, `nil` = for those without: the shipped default, `default`, the
    /// profile itself.
    func layers(profile: String?) -> LayeredSettings {
        var layers = LayeredSettings(Self.shipped)
        if let own = entry(.profile("default")) { layers.lay(own.settings, at: own.place) }
        if let profile, profile != "default", let own = entry(.profile(profile)) {
            layers.lay(own.settings, at: own.place)
        }
        return layers
    }

    /// The profile of an account: its own, else the firm's.
    func profile(of account: Entry?) -> String? { account?.profile ?? entry(.firm)?.profile }

    // MARK: Reading

    private mutating func read(_ reader: MappingReader) {
        _ = reader.required("rms", .integer(1...1))
        var names = ["default"]
        for (name, value) in reader.value(of: "profiles")?.mapping?.entries() ?? [] {
            guard let mapping = value.mapping else {
                value.reportMismatch(expected: "a mapping of controls")
                continue
            }
            names.append(name)
            add(.profile(name), PlaceSettings(mapping, at: .profile), nil, value)
        }
        if let value = reader.value(of: "profiles"), value.mapping == nil {
            value.reportMismatch(expected: "a mapping of profiles by name")
        }
        if let value = reader.value(of: "firm") {
            if let section = value.mapping {
                let profile = Self.profile(section, names)
                add(.firm, Self.limits(section, at: .firm), profile, value)
                section.finish()
            } else {
                value.reportMismatch(expected: "a mapping")
            }
        }
        readList(reader, "groups", "id", FieldType<GroupID>.identifier.map { .group($0) })
        readList(reader, "accounts", "id", FieldType<AccountID>.identifier.map { .account($0) }, profiles: names)
        readList(reader, "adapters", "id", FieldType<AdapterID>.adapterID.map { .adapter($0) })
        readList(
            reader, "instruments", "match",
            FieldType<InstrumentPattern>.instrumentPattern.map { .instrument($0.description) })
        readList(
            reader, "strategies", "id",
            FieldType<String>.textOrNumber.filter("1 to 64 bytes") { (1...64).contains($0.utf8.count) }
                .map { .strategy($0) })
    }

    /// - Parameter profiles: Names that an entry may take its profile from; `nil` = it has none.
    private mutating func readList(
        _ reader: MappingReader, _ name: String, _ key: String, _ id: FieldType<RiskPlace>, profiles: [String]? = nil
    ) {
        for section in reader.sections(name) {
            let place = section.required(key, id)
            let profile = profiles.flatMap { Self.profile(section, $0) }
            let settings = place.map { Self.limits(section, at: $0.kind) }
            if let place, let settings, let value = section.value(of: key) { add(place, settings, profile, value) }
            if place == nil { _ = section.value(of: "limits") }
            section.finish()
        }
    }

    private mutating func add(
        _ place: RiskPlace, _ settings: PlaceSettings, _ profile: String?, _ value: FieldValue
    ) {
        let (line, column) = value.position
        let entry = Entry(
            place: place, settings: settings, profile: profile, line: line, column: column, path: value.path)
        guard byPlace[place] == nil else {
            repeated.append(entry)
            return
        }
        byPlace[place] = entries.count
        entries.append(entry)
    }

    private static func profile(_ section: MappingReader, _ names: [String]) -> String? {
        guard let name = section.optional("profile", .textOrNumber) else { return nil }
        guard names.contains(name) else {
            section.report(
                "there is no profile '\(name)'",
                remedy: "profiles are \(Array(Set(names)).sorted().joined(separator: ", "))", at: "profile")
            return nil
        }
        return name
    }

    private static func limits(_ section: MappingReader, at kind: RiskPlace.Kind) -> PlaceSettings {
        guard let value = section.value(of: "limits") else { return PlaceSettings() }
        guard let mapping = value.mapping else {
            value.reportMismatch(expected: "a mapping of controls")
            return PlaceSettings()
        }
        return PlaceSettings(mapping, at: kind)
    }
}
