import Domain
import Engine
import Exact
import Gateway
import HTTPTypes
import Hummingbird
import RiskConfiguration
import Settings

/// `/api/rms/config` and what compares and goes back: the life of the risk document.
extension Backend {
    /// Room for a document as a JSON string, whose escapes may double it.
    private static let documentBytes = 2 * Gateway.longestDocument + 65_536

    func showRiskDocument(_ call: Call) async throws -> Answer {
        var query = call.query
        let wanted = query.value("version", "a version, from 1") { Int64($0).flatMap { $0 > 0 ? $0 : nil } }
        try query.check()
        let version = try risky { () throws(Gateway.RiskDocumentError) in
            try gateway.riskVersion(wanted ?? gateway.riskConfiguration.version)
        }
        return .json(reserving: version.document.utf8.count + 512, headers: Self.tag(version.version)) {
            $0.object {
                $0.member("version", version.version)
                $0.member("document", version.document)
                $0.member("applied_at", version.at)
                $0.member("applied_by", version.by)
                $0.member("reason", version.reason)
            }
        }
    }

    func applyRiskDocument(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        var query = call.query
        let isDryRun = query.word("dry_run", ["true", "false"]) == "true"
        try query.check()
        let expected = try requiredVersion(call)
        var reader = ObjectReader(try await call.object(upTo: Self.documentBytes))
        let document = document(&reader)
        let reason = reader.required("reason", "say why") { $0.text("reason", maximum: 500) }
        reader.finish(Schema.riskConfigurationRequest)
        guard let document, let reason, reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        return try await apply(document, "document", expected, reason, principal.person, isDryRun)
    }

    func rollBackRiskDocument(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let expected = try requiredVersion(call)
        var reader = ObjectReader(try await call.object())
        let version = reader.required("version", "a version of the history") { $0.integer("version", 1 ... .max) }
        let reason = reader.required("reason", "say why") { $0.text("reason", maximum: 500) }
        reader.finish(Schema.riskRollbackRequest)
        guard let version, let reason, reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        let text = try risky { () throws(Gateway.RiskDocumentError) in try gateway.riskVersion(version).document }
        return try await apply(text, "version \(version)", expected, reason, principal.person, false)
    }

    private func apply(
        _ document: String, _ file: String, _ expected: Int64, _ reason: String, _ person: String, _ isDryRun: Bool
    ) async throws -> Answer {
        let result: Gateway.RiskApplication
        do throws(Gateway.RiskDocumentError) {
            result = try await gateway.apply(
                document: document, file: file, expectedVersion: expected, reason: reason, by: person, dryRun: isDryRun)
        } catch {
            throw Problem(error)
        }
        return .json(reserving: 1_024, headers: isDryRun ? [:] : Self.tag(result.version)) {
            $0.object {
                $0.member("version", result.version)
                $0.member("previous_version", result.previousVersion)
                $0.member("is_changed", result.isChanged)
                $0.member("is_dry_run", result.isDryRun)
                $0.list("changes", result.changes) { $0.riskChange($1) }
            }
        }
    }

    func listRiskVersions(_ call: Call) async throws -> Answer {
        var query = call.query
        let versions = gateway.riskVersions()
        let (items, next) = try page(versions, &query) { "\($0.version)" }
        let parsed = items.map { version in try? RiskDocument(version.document, file: "") }
        return .list(zip(items.indices, parsed), next: next) { json, entry in
            let (index, document) = entry
            let version = versions[index]
            let before = index + 1 < versions.endIndex ? versions[index + 1] : nil
            let earlier = before.flatMap { try? RiskDocument($0.document, file: "") }
            let changes = document.map { document in
                RiskDocument.changes(from: earlier ?? document, to: document).count
            }
            json.object {
                $0.member("version", version.version)
                $0.member("applied_at", version.at)
                $0.member("applied_by", version.by)
                $0.member("reason", version.reason)
                $0.member("changes", Int64(changes ?? 0))
                $0.member("is_document_kept", !version.document.isEmpty)
            }
        }
    }

    func diffRiskDocuments(_ call: Call) async throws -> Answer {
        var reader = ObjectReader(try await call.object(upTo: Self.documentBytes))
        let text = reader.lines("document", maximum: Gateway.longestDocument)
        let version = reader.integer("version", 1 ... .max)
        let against = reader.integer("against", 1 ... .max)
        if (text == nil) == (version == nil), reader.entries.isEmpty {
            reader.refuse(
                "document", nil, "is to be given, or version, and not both", remedy: "send one of document and version")
        }
        reader.finish(Schema.riskDiffRequest)
        guard reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        let from = against ?? gateway.riskConfiguration.version
        let changes = try risky { () throws(Gateway.RiskDocumentError) in
            let earlier = try gateway.riskDocument(from)
            let later =
                if let text { try Gateway.read(text, "document") } else { try gateway.riskDocument(version ?? from) }
            return RiskDocument.changes(from: earlier, to: later)
        }
        return .json(reserving: 1_024) {
            $0.object {
                $0.member("from_version", from)
                $0.member("to_version", version)
                $0.member("differs", !changes.isEmpty)
                $0.list("changes", changes) { $0.riskChange($1) }
            }
        }
    }

    func showEffectiveLimits(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        var query = call.query
        let rule = "firm, or kind:id with account, group, profile, instrument, adapter or strategy"
        let place = query.value("scope", rule) { RiskPlace($0) } ?? .firm
        try query.check()
        if case .account(let id) = place, coveredAccounts(principal)?.contains(id) == false {
            throw Problem.unknownPlace(place)
        }
        let found = try risky { () throws(Gateway.RiskDocumentError) in try gateway.effectiveLimits(of: place) }
        guard let found else { throw Problem.unknownPlace(place) }
        return .json(reserving: 8_192) {
            $0.object {
                $0.member("scope", place.description)
                $0.member("version", found.version)
                $0.list("limits", found.limits) { json, limit in
                    json.object {
                        $0.member("control", limit.control)
                        $0.member("key", limit.key)
                        $0.member("value", limit.value)
                        $0.member("origin", limit.origin)
                        $0.member("binds", limit.binds.description)
                    }
                }
            }
        }
    }

    // MARK: Parts

    private static func tag(_ version: Int64) -> HTTPFields { [.eTag: "\"\(version)\""] }

    func document(_ reader: inout ObjectReader) -> String? {
        reader.required("document", "the whole document, as text") {
            $0.lines("document", maximum: Gateway.longestDocument)
        }
    }

    private func requiredVersion(_ call: Call) throws(Problem) -> Int64 {
        guard let version = try call.expectedVersion() else {
            throw Problem(
                HTTPResponse.Status(code: 428, reasonPhrase: "Precondition Required"), "version_required",
                path: "If-Match", value: nil, "the version that was changed is not named",
                remedy: "send If-Match with the version that GET /api/rms/config gave")
        }
        return version
    }

    /// Runs what fails as documents do.
    func risky<Result>(_ body: () throws(Gateway.RiskDocumentError) -> Result) throws(Problem) -> Result {
        do throws(Gateway.RiskDocumentError) {
            return try body()
        } catch {
            throw Problem(error)
        }
    }
}

extension Problem {
    init(_ error: Gateway.RiskDocumentError) {
        switch error {
        case .gateway(let error): self.init(error)
        case .unknownVersion(let version):
            self.init(
                .notFound, "unknown_version", path: "version", value: "\(version)",
                "there is no such version of the risk document", remedy: "GET /api/rms/history lists them")
        case .notKept(let version):
            self.init(
                .gone, "version_not_kept", path: "version", value: "\(version)",
                "the document of the version is no longer kept", remedy: "name one whose is_document_kept is true")
        case .stale(let current, let changes):
            self.init(.versionMismatch(current: current))
            var json = JSONWriter(reserving: 1_024)
            json.beginArray()
            for change in changes { json.riskChange(change) }
            json.endArray()
            members = [("current_version", Array("\(current)".utf8)), ("changes", json.bytes)]
        case .invalid(let errors):
            self.init(
                .badRequest, "invalid_document",
                "the document has \(errors.errors.count + errors.omittedCount) errors and changes nothing",
                errors.listed.map { error in
                    let place = error.line > 0 ? "line \(error.line), column \(error.column)" : ""
                    return Entry(
                        path: ["/document", place, error.path].filter { !$0.isEmpty }.joined(separator: ": "),
                        value: error.value, message: error.message, remedy: error.remedy ?? "")
                })
        }
    }

    fileprivate static func unknownPlace(_ place: RiskPlace) -> Problem {
        Problem(
            .notFound, "unknown_scope", path: "?scope", value: place.description,
            "there is no \(place.kind.name) \(place.id)",
            remedy:
                "name an account, group or adapter that exists, or a profile, instrument or strategy of the document")
    }
}

extension JSONWriter {
    mutating func riskChange(_ change: RiskChange) {
        object {
            $0.member("place", change.place.description)
            $0.member("control", change.control)
            $0.member("key", change.key)
            $0.member("before", change.before)
            $0.member("after", change.after)
            $0.member("effect", change.effect.rawValue)
        }
    }
}
