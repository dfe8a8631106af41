import COpenSSL
import Domain
import NIOConcurrencyHelpers
import Signing

/// The secrets of one session: by account and name, and by the handles that stand for them in templates. Any thread.
///
/// A handle names an account's secret by name, so a renewed token needs no new handle. Nothing here prints a value.
final class SecretVault: Sendable {
    private struct Entry {
        var account: Int
        var name: String
        var secret: Signing.Secret?
        /// Wall nanoseconds; `nil` = not known.
        var expiresAt: Int64?
        var isKept: Bool
    }
    private struct State {
        var entries: [Entry] = []
        /// What the brokers' clocks are ahead of ours, nanoseconds.
        var clockOffset: Int64 = 0
    }
    private let state = NIOLockedValueBox(State())
    private let shared: SharedLimits
    /// Ids of the session's accounts, by their places.
    private let accounts: [String]

    /// - Parameter shared: where nonces are counted, with the other sessions of the accounts.
    init(shared: SharedLimits = SharedLimits(), accounts: [String] = []) {
        (self.shared, self.accounts) = (shared, accounts)
    }

    /// Sets a secret. `nil`: the session has as many as it may.
    func put(
        _ secret: Signing.Secret, account: Int, name: String, expiresAt: Int64? = nil, isKept: Bool = false
    ) -> UInt64? {
        state.withLockedValue { state in
            if let index = state.entries.firstIndex(where: { $0.account == account && $0.name == name }) {
                state.entries[index].secret = secret
                state.entries[index].expiresAt = expiresAt
                state.entries[index].isKept = isKept
                return UInt64(index + 1)
            }
            guard state.entries.count < ServiceBounds.secrets else { return nil }
            state.entries.append(
                Entry(account: account, name: name, secret: secret, expiresAt: expiresAt, isKept: isKept))
            return UInt64(state.entries.count)
        }
    }

    /// The handle of a secret that has a value and is good at `now`.
    func handle(account: Int, name: String, now: Int64) -> UInt64? {
        state.withLockedValue { state in
            let index = state.entries.firstIndex { $0.account == account && $0.name == name }
            guard let index, state.entries[index].secret != nil, (state.entries[index].expiresAt ?? .max) > now else {
                return nil
            }
            return UInt64(index + 1)
        }
    }

    func secret(_ handle: UInt64) -> Signing.Secret? {
        state.withLockedValue { state in
            guard handle > 0, handle <= UInt64(state.entries.count) else { return nil }
            return state.entries[Int(handle) - 1].secret
        }
    }

    /// Whose secret a handle names, and how it is called.
    func place(_ handle: UInt64) -> (account: Int, name: String)? {
        state.withLockedValue { state in
            guard handle > 0, handle <= UInt64(state.entries.count) else { return nil }
            return (state.entries[Int(handle) - 1].account, state.entries[Int(handle) - 1].name)
        }
    }

    /// Whether every handle names a value.
    func allKnown(_ handles: [UInt64]) -> Bool {
        if handles.isEmpty { return true }
        return state.withLockedValue { state in
            handles.allSatisfy { handle in
                handle > 0 && handle <= UInt64(state.entries.count) && state.entries[Int(handle) - 1].secret != nil
            }
        }
    }

    /// Forgets a value; the handle stays and names nothing. `false`: there was none.
    func erase(account: Int, name: String) -> Bool {
        state.withLockedValue { state in
            let index = state.entries.firstIndex { $0.account == account && $0.name == name }
            guard let index, state.entries[index].secret != nil else { return false }
            state.entries[index].secret = nil
            return true
        }
    }

    func expiry(account: Int, name: String, now: Int64) -> Int64?? {
        state.withLockedValue { state in
            let entry = state.entries.first { $0.account == account && $0.name == name && $0.isKept }
            guard let entry, entry.secret != nil, (entry.expiresAt ?? .max) > now else { return nil }
            return .some(entry.expiresAt)
        }
    }

    // MARK: - Time

    var clockOffset: Int64 { state.withLockedValue { $0.clockOffset } }
    func learn(clockOffset: Int64) { state.withLockedValue { $0.clockOffset = clockOffset } }

    /// An account's next nonce: at least the clock in the unit, and above every one before.
    func nextNonce(account: Int, now: Int64, unit: Int64) -> Int64 {
        shared.nextNonce(
            account: accounts.indices.contains(account) ? accounts[account] : "\(account)", now: now, unit: unit)
    }

    // MARK: - Redaction

    /// The bytes with every secret of at least eight bytes in them replaced by `***`.
    func redact(_ bytes: [UInt8]) -> [UInt8] {
        let secrets = state.withLockedValue { $0.entries.compactMap(\.secret) }
        var bytes = bytes
        for secret in secrets where secret.count >= 8 && secret.count <= bytes.count {
            secret.withBytes { Redaction.replace($0, in: &bytes) }
        }
        return bytes
    }

    func redact(_ text: String) -> String { String(decoding: redact(Array(text.utf8)), as: UTF8.self) }
}

enum Redaction {
    /// Overwrites bytes that a secret was made of.
    static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { memory in
            if let start = memory.baseAddress { OPENSSL_cleanse(start, memory.count) }
        }
    }

    static let stars = Array("***".utf8)

    static func replace(_ needle: UnsafeRawBufferPointer, in bytes: inout [UInt8]) {
        guard let first = needle.first, bytes.count >= needle.count else { return }
        var found: [Int] = []
        bytes.withUnsafeBytes { hay in
            var index = 0
            while index + needle.count <= hay.count {
                if hay[index] == first, hay[index..<(index + needle.count)].elementsEqual(needle) {
                    found.append(index)
                    index += needle.count
                } else {
                    index += 1
                }
            }
        }
        for start in found.reversed() { bytes.replaceSubrange(start..<(start + needle.count), with: stars) }
    }
}

/// What templates take from around them: one request at the moment it leaves.
struct EgressEnvironment: TemplateEnvironment {
    let vault: SecretVault
    let account: Int
    let random: any LaneRandom
    let nowNanoseconds: Int64

    /// - Parameter now: wall nanoseconds of this machine.
    init(_ vault: SecretVault, account: Int, now: Int64, random: any LaneRandom) {
        (self.vault, self.account, self.random) = (vault, account, random)
        let (sum, overflow) = now.addingReportingOverflow(vault.clockOffset)
        nowNanoseconds = overflow ? now : sum
    }

    func secret(_ handle: UInt64) -> Signing.Secret? { vault.secret(handle) }

    func nextNonce(unitNanoseconds: Int64) -> Int64 {
        vault.nextNonce(account: account, now: nowNanoseconds, unit: unitNanoseconds)
    }

    func fillRandom(_ bytes: UnsafeMutableRawBufferPointer) { random.fill(bytes) }
}
