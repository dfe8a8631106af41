/// Whom an adapter talks to, with what, and what more it can do (`sluice_connections`), copied and checked.
package struct AdapterConnections: Hashable, Sendable {
    /// `sluice_connections.capabilities`. A call whose bit is unset is never made.
    package struct Capabilities: OptionSet, Hashable, Sendable {
        package let rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }
        package static let modifyBatch = Self(rawValue: 0x1)
        package static let cancelBatch = Self(rawValue: 0x2)
        package static let subscribe = Self(rawValue: 0x4)
        package static let vendorCall = Self(rawValue: 0x8)
        package static let takesWebhooks = Self(rawValue: 0x10)
        package static let asksQuestions = Self(rawValue: 0x20)
        package static let takesConfigChanges = Self(rawValue: 0x40)
    }

    package enum EndpointKind: UInt8, Hashable, Sendable {
        case https = 1
        case wss
        case tcp
        case tls

        var isHTTP: Bool { self == .https || self == .wss }
    }

    package enum Verification: UInt8, Hashable, Sendable {
        case full = 0
        case pinned
        case notOnLoopback
    }

    /// One declared place of the broker. Requests go to such places alone.
    package struct Endpoint: Hashable, Sendable {
        package var id: String
        package var kind: EndpointKind
        package var live: String?
        /// `nil`: the broker has no sandbox there.
        package var sandbox: String?
        /// Begins with a dot; hosts named at run time end with it. `nil`: the base URL's host alone.
        package var hostSuffix: String?
        package var verification: Verification
    }

    package struct SecretNeed: Hashable, Sendable {
        /// `[a-z0-9_]{1,64}`
        package var name: String
        /// By configuration; others come from a challenge or a capture.
        package var isRequired: Bool
        package var purpose: String?
        package var needsReveal: Bool
    }

    package struct VendorCall: Hashable, Sendable {
        package var name: String
        package var effect: RequestEffect
        /// A mutation that can only take risk away: no halt stops it.
        package var isReducing = false
        /// JSON Schema of the arguments; `nil` = any object.
        package var argumentsSchema: String?
        package var resultSchema: String?
        package var text: String?
    }

    package var capabilities: Capabilities
    package var endpoints: [Endpoint]
    package var secrets: [SecretNeed]
    package var vendorCalls: [VendorCall]
    /// Instruments that a data session may stream, 0 = none.
    package var maximumSubscriptions: Int
    /// 0 = not known beforehand.
    package var loginValidityNanoseconds: Int64
    /// Open requests of one session.
    package var maximumRequests: Int
    /// One line: what a person does to log in.
    package var loginText: String?
}

/// What a request does to the broker's state; decides what the host may repeat.
package enum RequestEffect: UInt8, Hashable, Sendable {
    case read = 1
    case session
    /// The broker recognises a repetition by its key.
    case idempotent
    case mutation

    /// As people read it.
    package var rawName: String {
        switch self {
        case .read: "read"
        case .session: "session"
        case .idempotent: "idempotent"
        case .mutation: "mutation"
        }
    }

    /// Whether an order may exist because of it.
    package var isMutation: Bool { self == .idempotent || self == .mutation }
}
