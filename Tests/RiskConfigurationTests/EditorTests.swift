import Domain
import Engine
import Settings
import Testing

@testable import RiskConfiguration

@Suite("Editing single settings in a document's text") struct EditorTests {
    typealias Edit = RiskDocumentEditor.Edit

    private func edit(_ text: String, _ place: String, _ control: String, _ key: String?, _ value: String?) throws
        -> String
    {
        try RiskDocumentEditor.edit(
            text, file: "t", [Edit(place: #require(RiskPlace(place)), control: control, key: key, value: value)])
    }

    private static func comments(_ text: String) -> [Substring] {
        text.split(separator: "\n").filter { $0.drop { $0 == " " }.hasPrefix("#") }
    }

    @Test(
        "Setting changes exactly that setting and keeps the comments, and taking it out again restores what was said",
        arguments: 0..<60)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let model = Model.random(14, using: &random)
        var after = model
        guard let key = after.mutate(using: &random) else { return }
        let text = model.text(using: &random)
        let edit = Edit(place: key.place, control: key.control, key: key.key, value: after.values[key]?.text)
        let edited = try RiskDocumentEditor.edit(text, file: "t", [edit])
        let document = try RiskDocument(edited, file: "t")
        #expect(Set(document.settings) == after.settings, "\(text)\n→ \(edit)\n\(edited)")
        #expect(Self.comments(edited) == Self.comments(text), "\(text)\n→ \(edit)\n\(edited)")
        let back = Edit(place: key.place, control: key.control, key: key.key, value: model.values[key]?.text)
        let restored = try RiskDocumentEditor.edit(edited, file: "t", [back])
        #expect(
            Set(try RiskDocument(restored, file: "t").settings) == model.settings, "\(edited)\n→ \(back)\n\(restored)")
        #expect(try RiskDocumentEditor.edit(edited, file: "t", edit.value == nil ? [] : [edit]) == edited)
    }

    @Test("Lines that are not touched stay as they are")
    func keepsLayout() throws {
        let text = """
            # who may lose what
            rms: 1
            accounts:            # all of them
              - id: A            # the old one
                limits:
                  # agreed with A
                  daily-loss:
                    max: "20000 INR"   # a day
                    then: reducing
            firm: { limits: { gross-exposure: { max: "5 INR" } } } # last
            """
        #expect(
            try edit(text, "account:A", "daily-loss", "max", "10000 INR")
                == text.replacing("\"20000 INR\"", with: "\"10000 INR\""))
        #expect(
            try edit(text, "account:A", "daily-loss", "warn_bps", "5000")
                == text.replacing("then: reducing", with: "then: reducing\n        warn_bps: 5000"))
        #expect(
            try edit(text, "account:A", "leverage", "bps", "1")
                == text.replacing("then: reducing", with: "then: reducing\n      leverage: { bps: 1 }"))
        #expect(
            try edit(text, "account:B", "leverage", "bps", "1")
                == text.replacing(
                    "then: reducing", with: "then: reducing\n  - { id: B, limits: { leverage: { bps: 1 } } }"))
        #expect(
            try edit(text, "firm", "net-exposure", "max", "[7 USD, 5 INR]")
                == text.replacing(
                    "\"5 INR\" }", with: "\"5 INR\" }, net-exposure: { max: [\"5 INR\", \"7 USD\"] }"))
        #expect(
            try edit(text, "profile:new one", "leverage", "bps", "1")
                == text + "\nprofiles: { \"new one\": { leverage: { bps: 1 } } }")
        #expect(
            try edit(text, "account:A", "daily-loss", "max", nil)
                == text.replacing("        max: \"20000 INR\"   # a day\n", with: ""))
        #expect(
            try edit(text, "firm", "gross-exposure", nil, nil)
                == text.replacing("\nfirm: { limits: { gross-exposure: { max: \"5 INR\" } } } # last", with: ""))
        #expect(try edit(text, "account:A", "daily-loss", "max", "20000.00 INR") == text)
        #expect(
            try edit(text, "firm", "", "profile", "default").contains(
                "firm: { limits: { gross-exposure: { max: \"5 INR\" } }, profile: default } # last"))
    }

    static let layouts: [(String, String, String, String, String?, String)] = [
        // A list whose dashes stand under its key.
        (
            "rms: 1\ngroups:\n- id: g # é ü 😀\n", "group:h", "max-open-orders", "max", "5",
            "rms: 1\ngroups:\n- id: g # é ü 😀\n- { id: h, limits: { max-open-orders: { max: 5 } } }\n"
        ),
        (
            "# é 😀\nrms: 1\ngroups:\n- id: g # é ü 😀\n", "group:g", "max-open-orders", "max", "5",
            "# é 😀\nrms: 1\ngroups:\n- id: g # é ü 😀\n  limits: { max-open-orders: { max: 5 } }\n"
        ),
        // JSON.
        (
            #"{"rms": 1, "firm": {"limits": {"max-open-orders": {"max": 5}}}}"#, "firm", "max-open-orders", "max", "6",
            #"{"rms": 1, "firm": {"limits": {"max-open-orders": {"max": 6}}}}"#
        ),
        (
            #"{"rms": 1}"#, "firm", "max-open-orders", "max", "6",
            #"{"rms": 1, firm: { limits: { max-open-orders: { max: 6 } } }}"#
        ),
        // Other line ends.
        (
            "rms: 1\r\nprofiles:\r\n  p:\r\n    leverage: { bps: 5 }\r\n    concentration: { bps: 6 }\r\n", "profile:p",
            "leverage", "bps", nil, "rms: 1\r\nprofiles:\r\n  p:\r\n    concentration: { bps: 6 }\r\n"
        ),
        // Empty values and empty collections.
        (
            "rms: 1\naccounts: # none\n", "account:A", "leverage", "bps", "1",
            "rms: 1\naccounts: [ { id: A, limits: { leverage: { bps: 1 } } } ] # none\n"
        ),
        (
            "rms: 1\naccounts: []\n", "account:A", "leverage", "bps", "1",
            "rms: 1\naccounts: [ { id: A, limits: { leverage: { bps: 1 } } } ]\n"
        ),
        (
            "rms: 1\nprofiles: { p: {} }\n", "profile:p", "leverage", "bps", "1",
            "rms: 1\nprofiles: { p: { leverage: { bps: 1 } } }\n"
        ),
        (
            "rms: 1\nprofiles:\n  p:\n    leverage: { bps: 1 }\n", "profile:p", "leverage", "bps", nil,
            "rms: 1\nprofiles:\n  p: {}\n"
        ),
        // A block in place of a value, and the shorter spellings of two controls.
        (
            "rms: 1\nprofiles:\n  p:\n    message-rate:\n      windows:\n        - { limit: 5, per: 1s }\n        - { limit: 9, per: 1m }\n      max_hold: 1s\n",
            "profile:p", "message-rate", "windows", "[]",
            "rms: 1\nprofiles:\n  p:\n    message-rate:\n      windows: []\n      max_hold: 1s\n"
        ),
        (
            "rms: 1\nprofiles:\n  p:\n    allow-list:\n    - { segments: [US], products: [CASH], order_types: [LIMIT], time_in_force: [DAY], sides: [BUY], order_classes: [REGULAR] }\n",
            "profile:p", "allow-list", "rules", "[]", "rms: 1\nprofiles:\n  p:\n    allow-list: { rules: [] }\n"
        ),
        (
            "rms: 1\nprofiles: { p: { margin-buffer: unlimited } }\n", "profile:p", "margin-buffer", "max_age", "5s",
            "rms: 1\nprofiles: { p: { margin-buffer: { bps: unlimited, max_age: 5s } } }\n"
        ),
        (
            "rms: 1\nprofiles: { p: { margin-buffer: unlimited } }\n", "profile:p", "margin-buffer", "bps", nil,
            "rms: 1\nprofiles: { p: { } }\n"
        ),
    ]

    @Test("Every layout of a document can be edited", arguments: layouts)
    func layout(text: String, place: String, control: String, key: String, value: String?, expected: String) throws {
        #expect(try edit(text, place, control, key, value) == expected)
    }

    @Test("Several edits are proven one after the other")
    func several() throws {
        let place = try #require(RiskPlace("account:A"))
        let text = try RiskDocumentEditor.edit(
            "rms: 1\n", file: "t",
            [
                Edit(place: place, control: "daily-loss", key: "grace", value: "60s"),
                Edit(place: place, control: "daily-loss", key: "escalate", value: "square_off"),
                Edit(place: place, control: "margin-buffer", key: "bps", value: "unlimited"),
                Edit(place: place, control: "margin-buffer", key: "max_age", value: "5s"),
                Edit(place: place, control: "margin-buffer", key: "bps", value: nil),
            ])
        #expect(
            text
                == "rms: 1\naccounts: [ { id: A, limits: { daily-loss: { grace: 1m, escalate: square_off }, margin-buffer: { max_age: 5s } } } ]\n"
        )
    }

    static let refusals: [(String, String, String?, String?, String)] = [
        (
            "account:A", "daily-los", "max", "1 INR",
            "t: account:A daily-los.max: there is no control 'daily-los'; did you mean 'daily-loss'?"
        ),
        (
            "account:A", "leverage", "max", "1",
            "t: account:A leverage.max: leverage has no key 'max'; keys of leverage are bps, action, cool_off, mode, severity"
        ),
        (
            "account:A", "leverage", "bps", "lots",
            "t: account:A leverage.bps: 'lots' is text; expected a whole number from 1 to 10000000, or unlimited"
        ),
        (
            "account:A", "leverage", "bps", "5\nfirm: {}",
            "t: account:A leverage.bps: the key 'firm' is not known; known keys are value"
        ),
        (
            "firm", "leverage", "bps", "5",
            "t: firm leverage.bps: leverage.bps does not bind the firm's totals; it can be set for profile, account"
        ),
        (
            "account:A", "leverage", "bps", nil,
            "t: account:A leverage.bps: it is not set at account:A, so it cannot be removed; rms show says where it is set"
        ),
        (
            "account:A", "leverage", nil, "5",
            "t: account:A leverage: a key is missing; keys of leverage are bps, action, cool_off, mode, severity"
        ),
        (
            "group:g", "group-loss", "then", "halted",
            "t: group:g group-loss.then: the document would be wrong: group-loss.then says nothing without max; give max beside it"
        ),
        (
            "account:A", "", "profile", "none",
            "t: account:A profile: the document would be wrong: there is no profile 'none'; profiles are default"
        ),
        (
            "group:g", "", "profile", "default",
            "t: group:g profile: a control is missing; give one like daily-loss.max"
        ),
    ]

    @Test("What cannot be set is refused with what would be right", arguments: refusals)
    func refuses(place: String, control: String, key: String?, value: String?, expected: String) throws {
        do {
            _ = try edit("rms: 1\n", place, control, key, value)
            Issue.record("edited")
        } catch { #expect("\(error)" == expected) }
    }

    @Test("A text that is no document is not edited")
    func brokenText() {
        #expect(throws: ConfigurationErrors.self) { try edit("rms: 2\n", "firm", "gross-exposure", "max", "1 INR") }
    }
}
