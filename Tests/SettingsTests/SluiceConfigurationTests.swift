import Domain
import Settings
import Testing

private let now = Timestamp(nanoseconds: 1_700_000_000_000_000_000)

private func load(
    _ text: String, environment: [String: String] = [:], flags: [DocumentReader.Override] = []
) throws(ConfigurationErrors) -> SluiceConfiguration {
    try SluiceConfiguration.read(
        Array(text.utf8), file: "/etc/sluice/sluice.yaml", environment: environment, flags: flags,
        workingDirectory: "/home/me", now: now)
}

private func failures(_ text: String, environment: [String: String] = [:]) -> [String] {
    do throws(ConfigurationErrors) {
        _ = try load(text, environment: environment)
        return []
    } catch {
        return error.errors.map(\.description)
    }
}

@Suite("sluice.yaml")
struct SluiceConfigurationTests {
    @Test("The documented example is read whole")
    func example() throws {
        let configuration = try load(
            """
            data: ./sluice-data               # database, key files; created 0700
            http: { host: 127.0.0.1, port: 8080, tls: { certificate: , key: } }
            adapters: { directories: [./adapters.d], library_path: [], require_pins: false }
            accounts:
              - { id: AB1234, adapter: zerodha, login: AB1234, owner: PAN1, environment: live,
                  currency: INR, config: { a: [1.50, x] }, endpoints: {},
                  egress: { source: 203.0.113.7, proxy: "" },
                  secrets: { api_key: "env:KITE_KEY", api_secret: "file:/run/secrets/kite" } }
            groups: [ { id: family, policy: proportional, accounts: [ { account_id: AB1234, capital: "500000" } ] } ]
            rms: { file: rms.yaml }
            prices: { replay: [ { files: ./market, every: 1s, loop: true } ] }
            instruments: { overlay: overlay.yaml }
            memory: { reserve: 512MiB }
            """)
        #expect(configuration.data == "/etc/sluice/sluice-data")
        #expect(configuration.adapters.directories == ["/etc/sluice/adapters.d"])
        let account = try #require(configuration.accounts.first)
        #expect(account.account.id.rawValue == "AB1234" && account.account.owner == "PAN1")
        #expect(account.account.config == #"{"a":[1.50,"x"]}"#)
        #expect(account.egress.source == "203.0.113.7" && account.egress.proxy == nil)
        #expect(account.secrets == ["api_key": .environment("KITE_KEY"), "api_secret": .file("/run/secrets/kite")])
        let group = try #require(configuration.groups.first)
        #expect(group.policy == .proportional && group.createdAt == now)
        #expect(group.members.map(\.capital) == [500_000])
        #expect(configuration.rmsFile == "/etc/sluice/rms.yaml")
        #expect(
            configuration.replays == [
                .init(files: ["/etc/sluice/market"], everyNanoseconds: 1_000_000_000, loops: true)
            ])
        #expect(configuration.instrumentOverlay == "/etc/sluice/overlay.yaml")
        #expect(configuration.memoryReserve == 512 << 20)
        #expect(configuration.warnings.isEmpty)
    }

    @Test("Prices are streamed over the login of an account that there is, once each, and of something")
    func streams() throws {
        let head = "data: d\naccounts: [ { id: A, adapter: x, currency: INR } ]\n"
        let read = try load(
            head + "prices: { stream: [ { account: A, symbols: [\"NSE:EQ:INFY\"], follow: false, detail: last } ] }\n")
        let symbol = try InstrumentID("NSE:EQ:INFY")
        #expect(
            read.priceStreams == [
                .init(account: AccountID(unchecked: "A"), symbols: [symbol], followsBook: false, detail: .last)
            ])
        let following = try load(head + "prices: { stream: [ { account: A } ] }\n").priceStreams.first
        #expect(following?.followsBook == true && following?.detail == .depth && following?.symbols == [])
        for (text, words) in [
            ("{ account: B }", "there is no such account"),
            ("{ account: A, follow: false }", "nothing would be streamed"),
            ("{ account: A }, { account: A }", "streams already"), ("{ account: A, detail: all }", "is not known"),
            ("{ account: A, symbols: [INFY] }", "not an instrument id"), ("{ symbols: [] }", "account"),
        ] {
            let found = failures(head + "prices: { stream: [ \(text) ] }\n")
            #expect(found.contains { $0.contains(words) }, "\(text): \(found)")
        }
    }

    @Test("An empty file means the documented defaults", arguments: ["", "# nothing\n", "http:\n"])
    func defaults(text: String) throws {
        let configuration = try load(text)
        #expect(configuration.data == "/etc/sluice/sluice-data")
        #expect((configuration.http.host, configuration.http.port) == ("127.0.0.1", 8080))
        #expect(configuration.http.limits == .init())
        #expect(configuration.adapters.directories == ["/etc/sluice/adapters.d"])
        #expect(configuration.accounts.isEmpty && configuration.groups.isEmpty && configuration.replays.isEmpty)
    }

    @Test(
        "The environment stands above the file and flags above both; their paths are relative to the shell's directory")
    func precedence() throws {
        let text = "data: ./file\nhttp: { host: 127.0.0.1, port: 1 }\n"
        let environment = [
            "SLUICE_DATA": "./variable", "SLUICE_HTTP_PORT": "2", "SLUICE_ADAPTERS_DIRECTORIES": "/a:b",
            "SLUICE_ADAPTERS_REQUIRE_PINS": "true", "SLUICE_HTTP_LIMITS_IDLE_TIMEOUT": "5s", "PATH": "/bin",
        ]
        let middle = try load(text, environment: environment)
        #expect(middle.data == "/home/me/variable" && middle.http.port == 2)
        #expect(middle.adapters.directories == ["/a", "/home/me/b"] && middle.adapters.requirePins)
        #expect(middle.http.limits.idleTimeoutNanoseconds == 5_000_000_000)
        let top = try load(
            text, environment: environment, flags: [.init(path: ["http", "port"], value: "3", origin: "--port")])
        #expect(top.http.port == 3 && top.data == middle.data)
    }

    @Test("A value of a variable or flag needs no quotes, whatever it looks like, and its error names it")
    func overrideValues() throws {
        #expect(try load("", environment: ["SLUICE_DATA": "2024"]).data == "/home/me/2024")
        #expect(try load("", environment: ["SLUICE_DATA": "null"]).data == "/home/me/null")
        #expect(
            failures("", environment: ["SLUICE_HTTP_PORT": "http"]) == [
                "environment variable SLUICE_HTTP_PORT: http.port: 'http' is text; expected a whole number from 0 to 65535"
            ])
    }

    @Test("Every setting that says it has a variable obeys it")
    func everyVariable() throws {
        let defaults = try load("")
        let values = ["path": "/x", "bytes": "2048", "count": "7", "duration": "70s"]
        let own = [
            "http.host": "::1", "http.port": "7", "telemetry.enabled": "false", "telemetry.max_age": "48h",
            "telemetry.max_size": "64MiB", "memory.reserve": "512MiB", "exports.scheduled.datasets": "legs",
            "exports.scheduled.format": "json",
            "exports.otlp.endpoint": "http://127.0.0.1:4318/v1/traces",
        ]
        for setting in SettingDescription.all where !setting.path.hasPrefix("http.tls") {
            guard let variable = setting.variable else { continue }
            let value =
                own[setting.path] ?? setting.unit.flatMap { values[$0] }
                ?? (setting.path.hasPrefix("rms.reconcile.") ? "reduce" : "true")
            let changed = try load("", environment: [variable: value])
            #expect(changed != defaults, "\(variable)")
        }
    }

    @Test(
        "Headers for a collector are references by name; a secret in the file, or a header of ours, is refused unseen")
    func collectorHeaders() throws {
        let start = "exports: { otlp: { endpoint: 'http://127.0.0.1:4318/v1/traces', headers: "
        let configuration = try load(start + "{ Authorization: 'env:KEY', x-team: 'file:/run/team' } } }")
        #expect(
            configuration.exports.collectorHeaders == [
                "Authorization": .environment("KEY"), "x-team": .file("/run/team"),
            ])
        for bad in [
            "{ Authorization: 'Bearer not-a-secret' }", "{ Host: 'env:KEY' }", "{ 'a b': 'env:KEY' }",
            "{ a: 'env:K', A: 'env:K' }",
        ] {
            do {
                _ = try load(start + bad + " } }")
                Issue.record("\(bad) is taken")
            } catch {
                #expect("\(error)".contains("exports.otlp.headers") && !"\(error)".contains("not-a-secret"), "\(error)")
            }
        }
    }

    @Test("What is done about a difference is one of the words that fit its cause")
    func reconciliation() throws {
        let configuration = try load(
            "rms: { reconcile: { interval: 30s, position: reduce, order_missing: adopt } }")
        #expect(configuration.reconciliation.intervalNanoseconds == 30_000_000_000)
        #expect(configuration.reconciliation.actions["position"] == "reduce")
        #expect(configuration.reconciliation.actions["order_missing"] == "adopt")
        #expect(configuration.reconciliation.actions["order_elsewhere"] == "adopt")
        #expect(failures("rms: { reconcile: { order_ended: adopt } }").first?.contains("one of flag, reduce") == true)
        #expect(failures("rms: { reconcile: { positon: flag } }").first?.contains("rms.reconcile") == true)
    }

    @Test("An unknown variable is a warning with the nearest one, those of other parts are not")
    func unknownVariables() throws {
        let warnings = try load(
            "",
            environment: [
                "SLUICE_HTTP_PROT": "1", "SLUICE_URL": "x", "SLUICE_API_KEY": "x", "SLUICE_SHARED": "x",
                "SLUICE_FAULT": "x",
            ]
        ).warnings
        #expect(
            warnings == [
                "environment variable SLUICE_HTTP_PROT is not known and has no effect; did you mean SLUICE_HTTP_PORT?"
            ])
    }

    @Test("TLS is refused by name, because it is not served")
    func tls() {
        #expect(
            failures("http: { tls: { certificate: /c, key: /k } }") == [
                "/etc/sluice/sluice.yaml:1:29: http.tls.certificate: TLS is not served; leave http.tls out and put a proxy that ends TLS in front",
                "/etc/sluice/sluice.yaml:1:38: http.tls.key: TLS is not served; leave http.tls out and put a proxy that ends TLS in front",
            ])
    }

    @Test("Listening beyond the loopback takes a written address and says what it means")
    func hosts() throws {
        #expect(try load("http: { host: 0.0.0.0 }").warnings.count == 1)
        for host in ["127.0.0.1", "localhost", "\"::1\"", "127.1.2.3"] {
            #expect(try load("http: { host: \(host) }").warnings.isEmpty, "\(host)")
        }
        for host in ["''", "a b", "http://x", "'*'"] {
            #expect(failures("http: { host: \(host) }").count == 1, "\(host)")
        }
    }

    @Test("The table of settings and the reader know the same keys")
    func tableAgrees() {
        // In each mapping a key that resembles nothing: the error then lists every key the reader asked for there.
        let stray = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
        let text = """
            \(stray): 1
            http: { \(stray): 1, tls: { \(stray): 1 }, limits: { \(stray): 1 } }
            adapters: { \(stray): 1 }
            accounts: [ { \(stray): 1, egress: { \(stray): 1 }, config: { x: 1 }, endpoints: { x: "https://x" }, secrets: { x: env:X } } ]
            groups: [ { \(stray): 1, accounts: [ { \(stray): 1 } ] } ]
            rms: { \(stray): 1, rates: [ { \(stray): 1 } ], reconcile: { \(stray): 1 } }
            prices: { \(stray): 1, replay: [ { \(stray): 1 } ], stream: [ { \(stray): 1 } ] }
            instruments: { \(stray): 1 }
            telemetry: { \(stray): 1 }
            memory: { \(stray): 1 }
            exports: { \(stray): 1, scheduled: { \(stray): 1 }, otlp: { \(stray): 1 } }
            """
        var known: Set<String> = []
        do throws(ConfigurationErrors) {
            _ = try load(text)
        } catch {
            for error in error.errors where error.value == stray {
                let parent = error.path.split(separator: ".").dropLast().map { String($0).replacing("[0]", with: "[]") }
                let keys =
                    error.remedy?.replacing("known keys are ", with: "").split(separator: ", ").map(String.init) ?? []
                for key in keys { known.insert((parent + [key]).joined(separator: ".")) }
            }
        }
        var described: Set<String> = []
        for setting in SettingDescription.all {
            let parts = setting.path.split(separator: ".").filter { $0 != "*" }.map(String.init)
            for length in parts.indices {
                let last = parts[length].replacing("[]", with: "")
                described.insert((parts[..<length] + [last]).joined(separator: "."))
            }
        }
        #expect(known == described)
    }

    @Test("The table's defaults are the reader's")
    func tableDefaults() throws {
        func text(_ path: String) -> String? { SettingDescription.all.first { $0.path == path }?.defaultText }
        let http = SluiceConfiguration.HTTP()
        #expect(text("http.host") == http.host && text("http.port") == "\(http.port)")
        #expect(text("http.limits.body_bytes") == "\(http.limits.bodyBytes)")
        #expect(text("http.limits.connections") == "\(http.limits.connections)")
        let timeouts = [text("http.limits.idle_timeout"), text("http.limits.request_timeout")]
        #expect(
            timeouts.map { $0.flatMap(DurationText.nanoseconds) }
                == [http.limits.idleTimeoutNanoseconds, http.limits.requestTimeoutNanoseconds])
        // The other defaults, written out, change nothing.
        let settings = SettingDescription.all.filter {
            !$0.path.contains("[") && !$0.path.hasSuffix(".*") && $0.defaultText != nil
        }
        let written = settings.map { setting -> String in
            setting.keys.reversed().reduce(setting.defaultText ?? "") { "{ \($1): \($0) }" }
        }
        let defaults = try load("")
        for document in written { #expect(try load(document) == defaults, "\(document)") }
    }

    @Test("Paths are unique and variables are named after them")
    func tableShape() {
        let all = SettingDescription.all
        #expect(Set(all.map(\.path)).count == all.count)
        #expect(
            SettingDescription.byVariable["SLUICE_HTTP_LIMITS_BODY_BYTES"]?.keys == ["http", "limits", "body_bytes"])
        #expect(all.allSatisfy { ($0.variable == nil) == ($0.path.contains("[]") || $0.path.hasSuffix(".*")) })
    }
}

@Suite("Accounts and groups of sluice.yaml")
struct AccountsAndGroupsTests {
    private let account = "{ id: A, adapter: paper, currency: INR }"

    @Test(
        "A literal secret is an error that does not repeat it",
        arguments: ["hunter2hunter2", "123456", "env:9-hunter", "file:relative", "env:A B"])
    func literalSecrets(secret: String) {
        let found = failures("accounts: [ { id: A, adapter: paper, currency: INR, secrets: { key: \"\(secret)\" } } ]")
        #expect(found.count == 1)
        #expect(found.first?.contains("accounts[0].secrets.key: this is not a reference to a secret") == true)
        #expect(found.first?.contains(secret) == false)
    }

    @Test("An account id of digits keeps them all, and the login is the id when it is left out")
    func digitIDs() throws {
        let account = try #require(try load("accounts: [ { id: 0012, adapter: paper, currency: INR } ]").accounts.first)
        #expect(account.account.id.rawValue == "0012" && account.account.login == "0012")
    }

    @Test(
        "A wrong field of an account is named",
        arguments: [
            ("currency: inr", "currency"), ("adapter: Zerodha", "adapter"), ("id: a/b", "id"),
            ("environment: LIVE", "environment"),
            ("egress: { source: here }", "egress.source"), ("endpoints: { rest: \"ftp://x\" }", "endpoints.rest"),
            ("endpoints: { rest: \"https://user:pw@x\" }", "endpoints.rest"), ("enabled: yes", "enabled"),
            ("config: [1]", "config"), ("config: { a: 0x1F }", "config.a"), ("capital: 5", "capital"),
        ])
    func wrongFields(field: String, path: String) {
        let key = String(field.prefix { $0 != ":" })
        let fields = ["id: A", "adapter: paper", "currency: INR"].filter { !$0.hasPrefix(key + ":") } + [field]
        let found = failures("accounts: [ { \(fields.joined(separator: ", ")) } ]")
        #expect(found.count == 1)
        #expect(found.first?.contains(": accounts[0].\(path): ") == true)
    }

    @Test("Ids come once: accounts, groups, and accounts of a group")
    func duplicates() {
        let group = "{ id: g, policy: equal, accounts: [ { account_id: A }, { account_id: A } ] }"
        let found = failures("accounts: [ \(account), \(account) ]\ngroups: [ \(group), \(group) ]\n")
        #expect(found.count == 4)
        #expect(found.allSatisfy { $0.contains("already") })
    }

    @Test(
        "The parameter of a group's policy is required of every account",
        arguments: [
            ("proportional", "capital"), ("weighted", "weight"), ("fixed", "lots"), ("risk_unit", "risk_budget"),
        ])
    func policyParameters(policy: String, parameter: String) throws {
        let group = { (member: String) in
            "accounts: [ \(self.account) ]\ngroups: [ { id: g, policy: \(policy), accounts: [ { account_id: A\(member) } ] } ]"
        }
        let found = failures(group(""))
        #expect(
            found.count == 1
                && found.first?.contains("groups[0].accounts[0].\(parameter): '\(parameter)' is missing") == true)
        #expect(failures(group(", \(parameter): \"2\"")).isEmpty)
        #expect(failures(group(", \(parameter): 2")).isEmpty)
        for wrong in ["-1", "two", "1e400", "true"] {
            #expect(failures(group(", \(parameter): \"\(wrong)\"")).count == 1, "\(wrong)")
        }
    }

    @Test("Group rules: bounds in order, unwind only where allowed, money within the currency's digits")
    func groupRules() {
        func found(_ group: String, _ member: String) -> [String] {
            failures(
                "accounts: [ \(account) ]\ngroups: [ { id: g, policy: equal, \(group) accounts: [ { account_id: A, \(member) } ] } ]"
            )
        }
        #expect(found("", "min_lots: 3, max_lots: 2").count == 1)
        #expect(found("", "min_lots: 2, max_lots: 2").isEmpty)
        #expect(found("on_leg_failure: unwind,", "").count == 1)
        #expect(found("on_leg_failure: unwind, allow_unwind: true, carry: on,", "").isEmpty)
        #expect(found("", "capital: 1.005").count == 1)
        #expect(failures("groups: [ { id: g, policy: equal } ]").count == 1)
    }

    @Test("A group's account that the file does not list is a warning")
    func unlistedAccount() throws {
        #expect(try load("groups: [ { id: g, policy: equal, accounts: [ { account_id: X } ] } ]").warnings.count == 1)
    }

    @Test("A replay has a pace: every, speed, or both")
    func replays() throws {
        #expect(failures("prices: { replay: [ { files: a } ] }").count == 1)
        #expect(failures("prices: { replay: [ { files: [], every: 1s } ] }").count == 1)
        #expect(failures("prices: { replay: [ { files: a, speed: 0 } ] }").count == 1)
        #expect(failures("prices: { replay: [ { files: a, every: 0s } ] }").count == 1)
        let replay = try #require(try load("prices: { replay: [ { files: [a, /b], speed: 60 } ] }").replays.first)
        #expect(replay.files == ["/etc/sluice/a", "/b"] && replay.everyNanoseconds == nil && replay.speed == 60)
    }
}
