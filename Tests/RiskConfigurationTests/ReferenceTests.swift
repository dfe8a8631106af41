import Domain
import Engine
import Foundation
import Testing

@testable import RiskConfiguration

@Suite("Tables of controls and codes") struct ReferenceTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func section(_ name: String) throws -> String {
        let text = try String(
            contentsOf: Self.root.appendingPathComponent("Host/RiskConfiguration/README.md"), encoding: .utf8)
        let start = try #require(text.firstRange(of: "<!-- \(name) -->\n")).upperBound
        let end = try #require(text[start...].firstRange(of: "<!-- end -->")).lowerBound
        return String(text[start..<end])
    }

    private func places(_ key: SettingKey) -> String {
        RiskPlace.Kind.allCases.filter { key.places.contains($0) }.map(\.name).joined(separator: ", ")
    }

    private func commonKeys(_ control: ControlKeys) -> [SettingKey] {
        [control.action, control.coolOff, control.mode, control.severity].compactMap(\.self)
    }

    @Test("The README's tables of controls are the room's own")
    func controls() throws {
        var own = "| key | holds | tighter | at | what |\n| --- | --- | --- | --- | --- |\n"
        var common = "| control | beside its own keys | words of action |\n| --- | --- | --- |\n"
        for control in ControlKeys.all {
            let others = commonKeys(control)
            for key in control.keys where !others.contains(where: { $0.number == key.number }) {
                own += "| \(key.path) | \(key.unit) | \(key.tighter) | \(places(key)) | \(key.note) |\n"
            }
            common += "| \(control.control.name) | \(others.map(\.name).joined(separator: ", ")) | "
            common += (control.action?.tighter ?? "-") + " |\n"
        }
        #expect(try section("controls") == own, "\(own)")
        #expect(try section("common") == common, "\(common)")
    }

    @Test("The README's table of codes is the room's own")
    func codes() throws {
        var table = "| code | when |\n| --- | --- |\n"
        for code in RefusalCode.all { table += "| \(code.code) | \(code.meaning) |\n" }
        #expect(try section("codes") == table, "\(table)")
        #expect(Set(RefusalCode.all.map(\.code)).count == RefusalCode.all.count)
        #expect(Set(RefusalCode.all.map(\.control)) == Set(ControlID.allCases))
    }

    /// Looks where refusals are made: in a control's file each cause that is named belongs to the control, but for what
    /// others make through functions that take the control's id.
    @Test("The codes are those that the engine's source makes, no more and no fewer")
    func codesOccur() throws {
        let causes: [(String, Rejection.Cause)] = [
            ("cause: .noReference", .noReference), ("cause: .noInput", .noInput), ("cause: .stale", .stale),
        ]
        var found: Set<String> = []
        func add(_ control: ControlID, _ cause: Rejection.Cause) {
            found.insert(RefusalCode(control: control, cause: cause, meaning: "").code)
        }
        for control in ControlID.allCases { add(control, .limit) }
        let folder = Self.root.appendingPathComponent("Host/Engine")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var controlFiles = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for call in text.split(separator: "Rejection(").dropFirst() {
                let call = call.prefix(300)
                guard let cause = causes.first(where: { call.prefix { $0 != ")" }.contains($0.0) })?.1 else { continue }
                let first = call.drop { " \n".contains($0) }.prefix { $0 != "," }
                switch first {
                case "id", "Self.id":
                    let start = try #require(text.firstRange(of: "static let id = ControlID.")).upperBound
                    let name = text[start...].prefix { $0.isLetter }
                    add(try #require(ControlID.allCases.first { "\($0)" == name }), cause)
                    controlFiles += 1
                case "control": break
                default: add(try #require(ControlID.allCases.first { ".\($0)" == first }, "\(first)"), cause)
                }
            }
        }
        #expect(controlFiles > 20)
        // `Engine.equity` and `GroupLoss.refusal` are given the control.
        for control in [ControlID.concentration, .leverage] {
            add(control, .noInput)
            add(control, .stale)
        }
        for control in [ControlID.groupLoss, .groupAggregate] { add(control, .noInput) }
        #expect(found == Set(RefusalCode.all.map(\.code)), "\(found.symmetricDifference(RefusalCode.all.map(\.code)))")
    }

    @Test("Every key can stand somewhere, and its value when nothing is set reads back as itself")
    func keys() throws {
        for (number, key) in SettingKey.all.enumerated() {
            #expect(key.number == number && !key.places.isEmpty && !key.note.isEmpty && !key.unit.isEmpty)
            #expect(SettingKey.find(key.control, key.name)?.number == number)
            #expect(key.companion.map { SettingKey.find(key.control, $0) != nil } ?? true, "\(key.path)")
            #expect(key.gate.map { SettingKey.find(key.control, $0) != nil } ?? true, "\(key.path)")
        }
    }

    @Test("The shipped default leaves no limit of an account open but those that are meant to be")
    func shippedIsFinite() throws {
        let layers = LayeredSettings(RiskDocument.shipped)
        let open = SettingKey.all.filter { $0.places.contains(.account) && layers[$0].value == .unlimited }.map(\.path)
        #expect(open == ["price-collar.inner_bps"])
    }

    /// A key that nothing reads would be a limit that nobody keeps.
    @Test("Every key that a document may set changes what the engine is given")
    func everyKeyIsRead() throws {
        let account = Account("A")
        let off = Set(["notional-limits.exposure_basis"])
        func given(_ place: RiskPlace.Kind, _ control: ControlKeys, _ members: [String: [String]]) throws -> RiskLimits
        {
            let parts =
                (members[""] ?? [])
                + members.filter { !$0.key.isEmpty }.map { "\($0.key): { \($0.value.joined(separator: ", ")) }" }
            let limits = parts.isEmpty ? "{}" : "{ \(control.control.name): { \(parts.joined(separator: ", ")) } }"
            let text: String =
                switch place {
                case .firm: "firm: { limits: \(limits) }"
                case .profile, .account: "profiles: { default: \(limits) }"
                case .group: "groups: [ { id: g, limits: \(limits) } ]"
                case .instrument: "instruments: [ { match: \"*\", limits: \(limits) } ]"
                case .adapter: "adapters: [ { id: paper, limits: \(limits) } ]"
                case .strategy: "strategies: [ { id: s, limits: \(limits) } ]"
                }
            return try RiskDocument("rms: 1\n" + text, file: "t").limits(version: 1, accounts: [account])
        }
        var random = SeededGenerator(seed: 1)
        for key in SettingKey.all where !off.contains(key.path) {
            let control = try #require(ControlKeys.byControl[key.control])
            for place in RiskPlace.Kind.allCases where key.places.contains(place) && place != .account {
                // Two values in the same company: whatever else the control needs is there both times.
                var hasDifference = false
                for _ in 0..<1_000 where !hasDifference {
                    var members: [[String: [String]]] = [[:], [:]]
                    for other in control.keys where other.places.contains(place) {
                        let value = other.sample(using: &random)
                        let second = other.number == key.number ? other.sample(using: &random) : value
                        let steps = other.name.split(separator: ".").map(String.init)
                        for (index, value) in [value, second].enumerated() {
                            members[index][steps.count > 1 ? steps[0] : "", default: []]
                                .append("\(steps[steps.count - 1]): \(value.text)")
                        }
                    }
                    guard let one = try? given(place, control, members[0]),
                        let two = try? given(place, control, members[1])
                    else { continue }
                    hasDifference = one != two
                }
                #expect(hasDifference, "\(key.path) at \(place)")
            }
        }
    }
}
