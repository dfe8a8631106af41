import Adapters
import Domain
package import Engine
package import RiskConfiguration
package import Settings

// The life of the risk document: shown, compared, put into force, gone back to (RISK.md §6).

extension Gateway {
    /// Longest document, bytes.
    package static let longestDocument = 1 << 20

    /// What putting a document into force changed, or would change.
    package struct RiskApplication: Sendable {
        /// In force now; of a dry run what it would be.
        package var version: Int64
        package var previousVersion: Int64
        /// `false`: the document says what the live one says. Nothing was stored.
        package var isChanged: Bool
        package var isDryRun: Bool
        package var changes: [RiskChange]
    }

    /// Why a document was not put into force.
    package enum RiskDocumentError: Error, Sendable {
        case invalid(ConfigurationErrors)
        /// The version in force is another than the one that was changed; with what differs from the live one to the one
        /// that was sent.
        case stale(current: Int64, changes: [RiskChange])
        case unknownVersion(Int64)
        /// The version's text is no longer kept.
        case notKept(Int64)
        case gateway(GatewayError)
    }

    /// Versions, newest first; texts of old ones are empty.
    package func riskVersions() -> [RiskVersion] { state.withLockedValue { $0.engine.riskHistory.versions.reversed() } }

    package func riskVersion(_ version: Int64) throws(RiskDocumentError) -> RiskVersion {
        let (found, text) = state.withLockedValue { state in
            (
                state.engine.riskHistory.versions.first { $0.version == version },
                state.engine.riskHistory.document(of: version)
            )
        }
        guard var found else { throw .unknownVersion(version) }
        guard let text else { throw .notKept(version) }
        found.document = text
        return found
    }

    /// Parsed text of a version. A version that was applied parses: what stored it had read it.
    package func riskDocument(_ version: Int64) throws(RiskDocumentError) -> RiskDocument {
        try Self.read(try riskVersion(version).document, "version \(version)")
    }

    package static func read(_ text: String, _ file: String) throws(RiskDocumentError) -> RiskDocument {
        do throws(ConfigurationErrors) {
            return try RiskDocument(text, file: file)
        } catch {
            throw .invalid(error)
        }
    }

    /// Puts a document into force for the next admission, as a whole: one version a verdict. Durable on return.
    ///
    /// - Parameters:
    ///   - expectedVersion: The version that the caller changed.
    ///   - dryRun: Checks everything and changes nothing.
    package func apply(
        document text: String, file: String, expectedVersion: Int64, reason: String, by person: String, dryRun: Bool
    ) async throws(RiskDocumentError) -> RiskApplication {
        let document = try Self.read(text, file)
        // Accounts that come or go while the document is read change what it means: it is read again.
        for _ in 0..<4 {
            if let done = try await tryApply(document, text, expectedVersion, reason, person, dryRun) { return done }
        }
        throw .gateway(.inUse("accounts change all the time; send the document again"))
    }

    /// `nil` = accounts changed in between.
    private func tryApply(
        _ document: RiskDocument, _ text: String, _ expectedVersion: Int64, _ reason: String, _ person: String,
        _ dryRun: Bool
    ) async throws(RiskDocumentError) -> RiskApplication? {
        let (accounts, groups, live, liveText, adapters) = state.withLockedValue { state in
            (
                state.engine.liveAccounts, state.engine.liveGroups.map(\.id), state.engine.riskHistory.current,
                state.engine.riskHistory.document, state.adapters
            )
        }
        let changes = RiskDocument.changes(from: try Self.read(liveText, "version \(live)"), to: document)
        guard expectedVersion == live else { throw .stale(current: live, changes: changes) }
        let known =
            (adapters?.statuses ?? []).compactMap { AdapterID($0.description?.id ?? $0.id) } + accounts.map(\.adapter)
        let unknown = document.unknownNames(accounts: accounts.map(\.id), groups: groups, adapters: known)
        let wrong = unknown + document.contradictions(accounts: accounts)
        if let errors = ConfigurationErrors(upToLimit: wrong) { throw .invalid(errors) }
        let limits = document.standingLimits(version: live + 1, accounts: accounts)
        guard !changes.isEmpty else {
            return RiskApplication(
                version: live, previousVersion: live, isChanged: false, isDryRun: dryRun, changes: [])
        }
        let result = RiskApplication(
            version: live + 1, previousVersion: live, isChanged: true, isDryRun: dryRun, changes: changes)
        if dryRun { return result }
        let isApplied: Bool
        do {
            isApplied = try step { state throws -> Bool in
                try checkServing(state)
                let current = state.engine.riskHistory.current
                guard current == live else { throw RiskDocumentError.stale(current: current, changes: changes) }
                guard state.engine.liveAccounts == accounts else { return false }
                emit(
                    .riskConfigured(
                        RiskVersion(
                            version: live + 1, document: text, reason: reason, by: person, at: clock.wall())), &state)
                state.engine.setLimits(limits)
                return true
            }
        } catch let error as RiskDocumentError {
            throw error
        } catch {
            throw .gateway(translated(error))
        }
        guard isApplied else { return nil }
        do throws(GatewayError) { try await settle() } catch { throw .gateway(error) }
        logger.notice(
            "Risk document applied",
            metadata: [
                "version": "\(live + 1)", "by": "\(person)", "reason": "\(reason)", "changes": "\(changes.count)",
            ])
        return result
    }

    /// Effective limits of a place; `nil` = there is no such place.
    package func effectiveLimits(
        of place: RiskPlace
    ) throws(RiskDocumentError) -> (version: Int64, limits: [EffectiveLimit])? {
        let (accounts, groups, version, text) = state.withLockedValue { state in
            (
                state.engine.liveAccounts, state.engine.liveGroups, state.engine.riskHistory.current,
                state.engine.riskHistory.document
            )
        }
        let document = try Self.read(text, "version \(version)")
        return document.effective(scope: place, accounts: accounts, groups: groups).map { (version, $0) }
    }
}
