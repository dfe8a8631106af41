import Domain
import Engine
import Settings

@testable import RiskConfiguration

/// A random source that a seed repeats.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0xd134_2543_de82_ef95 &+ 0x9e37_79b9_7f4a_7c15 }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension Account {
    init(_ id: String, _ currency: String = "INR", adapter: String = "paper") {
        self.init(id: AccountID(id)!, adapter: AdapterID(adapter)!, currency: Currency(currency)!)
    }
}

/// What a document is to say, without any text of it.
struct Model: Equatable {
    struct Key: Hashable {
        var place: RiskPlace
        var control: String
        var key: String
    }
    var values: [Key: SettingValue] = [:]
    var places: [RiskPlace] {
        Set(values.keys.map(\.place)).sorted { "\($0)" < "\($1)" }
    }

    static let candidates: [RiskPlace] = [
        "firm", "profile:p", "profile:default", "group:g1", "group:g2", "account:A", "account:B", "account:77",
        "instrument:NFO:OPT:*", "instrument:NSE:EQ:INFY", "adapter:paper", "strategy:orb", "strategy:a b: c",
    ].compactMap { RiskPlace($0) }

    static func random(_ count: Int, using random: inout SeededGenerator) -> Model {
        var model = Model()
        for _ in 0..<count { model.mutate(using: &random) }
        return model
    }

    /// One setting set, changed or taken out, so that the document can still be read.
    @discardableResult
    mutating func mutate(using random: inout SeededGenerator) -> Key? {
        for _ in 0..<40 {
            var copy = self
            let place = Self.candidates.randomElement(using: &random)!
            let key = SettingKey.all.filter { $0.places.contains(place.kind) }.randomElement(using: &random)!
            let id = Key(place: place, control: key.control.name, key: key.name)
            if values[id] != nil, Bool.random(using: &random) {
                copy.values[id] = nil
            } else {
                copy.values[id] = key.sample(using: &random)
            }
            guard copy != self, copy.isReadable(place, key.control.name) else { continue }
            self = copy
            return id
        }
        return nil
    }

    /// Whether the control at the place is a whole, and nothing in it is implied by the rest.
    private func isReadable(_ place: RiskPlace, _ control: String) -> Bool {
        let own = values.filter { $0.key.place == place && $0.key.control == control }
        var random = SeededGenerator(seed: 0)
        guard let document = try? RiskDocument(Model(values: own).text(using: &random), file: "t") else { return false }
        return document.settings.count == own.count
    }

    var settings: Set<RiskSetting> {
        Set(
            values.map {
                RiskSetting(place: $0.key.place, control: $0.key.control, key: $0.key.key, value: $0.value.text)
            })
    }

    // MARK: As text

    /// The document in a random order and layout, with comments.
    func text(using random: inout SeededGenerator) -> String {
        var sections: [String: [String]] = [:]
        for place in places.shuffled(using: &random) {
            let names: [RiskPlace.Kind: String] = [
                .group: "groups", .account: "accounts", .instrument: "instruments", .adapter: "adapters",
                .strategy: "strategies",
            ]
            let limits = controls(place, using: &random)
            switch place.kind {
            case .firm: sections["firm", default: []].append(block("limits", limits, 2, using: &random))
            case .profile:
                sections["profiles", default: []].append(block(place.id, limits, 2, using: &random))
            default:
                let id = DocumentText.quoted(place.id)
                let key = place.kind == .instrument ? "match" : "id"
                let entry =
                    Bool.random(using: &random)
                    ? "  - { \(key): \(id), limits: \(flow(limits)) } # of \(place.kind)\n"
                    : "  - \(key): \(id) # here\n" + block("limits", limits, 4, using: &random)
                sections[names[place.kind]!, default: []].append(entry)
            }
        }
        var text = "# before all\nrms: 1\n"
        for name in sections.keys.sorted().shuffled(using: &random) {
            text += "\(name): # section\n" + sections[name]!.joined(separator: "  # between\n")
        }
        return text + "# after all\n"
    }

    indirect enum Tree {
        case leaf(String)
        case branch([(String, Tree)])
    }

    private func controls(_ place: RiskPlace, using random: inout SeededGenerator) -> [(String, Tree)] {
        let own = values.filter { $0.key.place == place }
        var result: [(String, Tree)] = []
        for control in Set(own.keys.map(\.control)).sorted().shuffled(using: &random) {
            var members: [(String, Tree)] = []
            let keys = own.filter { $0.key.control == control }.sorted { $0.key.key < $1.key.key }
            if keys.count == 1, control == "allow-list", keys[0].key.key == "rules", Bool.random(using: &random) {
                result.append((control, .leaf(keys[0].value.text)))
                continue
            }
            if keys.count == 1, control == "margin-buffer", keys[0].key.key == "bps", keys[0].value == .unlimited {
                result.append((control, .leaf("unlimited")))
                continue
            }
            for (key, value) in keys.shuffled(using: &random) {
                let steps = key.key.split(separator: ".").map(String.init)
                let leaf = Tree.leaf(value.written(using: &random))
                if steps.count == 1 {
                    members.append((steps[0], leaf))
                } else if let index = members.firstIndex(where: { $0.0 == steps[0] }),
                    case .branch(let inner) = members[index].1
                {
                    members[index].1 = .branch(inner + [(steps[1], leaf)])
                } else {
                    members.append((steps[0], .branch([(steps[1], leaf)])))
                }
            }
            result.append((control, .branch(members)))
        }
        return result
    }

    private func flow(_ members: [(String, Tree)]) -> String {
        "{ " + members.map { "\($0.0): \(flow($0.1))" }.joined(separator: ", ") + " }"
    }
    private func flow(_ tree: Tree) -> String {
        switch tree {
        case .leaf(let text): text
        case .branch(let members): flow(members)
        }
    }
    private func block(
        _ name: String, _ members: [(String, Tree)], _ indentation: Int, using random: inout SeededGenerator
    ) -> String {
        let space = String(repeating: " ", count: indentation)
        if Int.random(in: 0..<4, using: &random) == 0 { return "\(space)\(name): \(flow(members)) # flow\n" }
        var text = "\(space)\(name): # block\n"
        for (key, tree) in members {
            switch tree {
            case .leaf(let leaf): text += "\(space)  \(key): \(leaf)  # leaf\n"
            case .branch(let inner): text += block(key, inner, indentation + 2, using: &random)
            }
        }
        return text
    }
}

extension SettingValue {
    /// The value in one of the ways a person may write it.
    func written(using random: inout SeededGenerator) -> String {
        switch self {
        case .duration(let nanoseconds) where nanoseconds % 1_000_000 == 0 && Bool.random(using: &random):
            return "\(nanoseconds / 1_000_000)ms"
        case .money(let amounts):
            let texts = amounts.map { "\"\(Money(minorUnits: $0.value, currency: $0.key))\"" }.sorted()
                .shuffled(using: &random)
            return texts.count == 1 ? texts[0] : "[" + texts.joined(separator: ",  ") + "]"
        case .integer(let value) where value > 0 && value % 1_000 == 0 && Bool.random(using: &random):
            return "\(value / 1_000)e3"
        case .windows(let windows):
            return "["
                + windows.shuffled(using: &random).map { "{per: \($0.window)ns, limit: \($0.limit)}" }
                .joined(separator: ", ") + "]"
        default: return text
        }
    }
}

extension SettingKey {
    func sample(using random: inout SeededGenerator) -> SettingValue {
        let isOpen = Int.random(in: 0..<8, using: &random) == 0
        switch kind {
        case .integer(let range, let orUnlimited):
            if orUnlimited, isOpen { return .unlimited }
            let upper = min(range.upperBound, range.lowerBound.addingReportingOverflow(20_000).partialValue)
            return .integer(Int64.random(in: range.lowerBound...upper, using: &random))
        case .quantity(let orUnlimited):
            if orUnlimited, isOpen { return .unlimited }
            return .decimal(ExactDecimal(mantissa: Int128(Int.random(in: 1...9_999, using: &random)), exponent: -1)!)
        case .distance:
            return .decimal(ExactDecimal(mantissa: Int128(Int.random(in: 0...999, using: &random)), exponent: -2)!)
        case .duration(let range):
            let value = Int64.random(in: 0...3_000, using: &random) * 1_000_000_000
            return .duration(min(max(value, range.lowerBound), range.upperBound))
        case .money(let orUnlimited):
            if orUnlimited, isOpen { return .unlimited }
            var amounts: [Currency: Int64] = [:]
            for code in ["INR", "USD", "BTC", "JPY"].shuffled(using: &random).prefix(
                Int.random(in: 1...3, using: &random))
            {
                amounts[Currency(code)!] = Int64.random(in: 0...9_999_999, using: &random)
            }
            return .money(amounts)
        case .word(let words, _): return .word(words.randomElement(using: &random)!)
        case .flag: return .flag(Bool.random(using: &random))
        case .allowRules:
            return .canonical(
                allowRules: (0..<Int.random(in: 0...2, using: &random)).map { _ in .sample(using: &random) })
        case .windows:
            return .canonical(
                windows: (0..<Int.random(in: 0...2, using: &random)).map { _ in
                    RateWindow(
                        limit: Int.random(in: 1...50, using: &random),
                        window: Int64.random(in: 1...60, using: &random) * 1_000_000_000)
                })
        case .rates:
            return .rates(
                ["NSE:EQ:*", "*"].map {
                    MarginLimit.Rate(
                        match: InstrumentPattern($0)!, basisPoints: Int64.random(in: 1...10_000, using: &random))
                })
        }
    }
}

extension AllowRule {
    static func sample(using random: inout SeededGenerator) -> AllowRule {
        func some<Word: VocabularyWord>(_: Word.Type) -> Set<Word> {
            Set(Word.allCases.filter { _ in Bool.random(using: &random) })
        }
        return AllowRule(
            segments: Set(["NSE", "NFO", "US"].filter { _ in Bool.random(using: &random) }),
            products: some(Product.self),
            orderTypes: some(OrderType.self), timesInForce: some(TimeInForce.self), sides: some(Side.self),
            orderClasses: some(OrderClass.self), allowsShortSelling: Bool.random(using: &random),
            allowsOptionSelling: Bool.random(using: &random))
    }
}
