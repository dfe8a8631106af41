import CSluice

/// Whom an adapter talks to, with what, and what more it can do than `Descriptor` says. Read once.
public struct Connections: Sendable {
    /// A place that requests may go to.
    public struct Endpoint: Hashable, Sendable {
        public enum Kind: UInt32, Sendable {
            case https = 1
            case webSocket, tcp, tls
        }
        public enum Verification: UInt32, Sendable {
            /// The certificate chain and the name.
            case full = 0
            /// The certificate whose SHA-256 the manifest states.
            case pinned
            /// Unverified, and then to loopback alone.
            case notOnLoopback
        }

        public var kind: Kind
        public var id: String
        /// The base URL; the manifest or the account may name another.
        public var live: String
        public var sandbox: String?
        /// Of hosts named at run time, `.broker.example`; `nil`: the base URL's alone.
        public var hostSuffix: String?
        public var verification: Verification
        /// HTTP/1.1 alone.
        public var isHTTP1: Bool

        /// An endpoint by its id and base URL.
        public init(
            _ kind: Kind, _ id: String, live: String, sandbox: String? = nil, hostSuffix: String? = nil,
            verification: Verification = .full, isHTTP1: Bool = false
        ) {
            self.kind = kind
            self.id = id
            self.live = live
            self.sandbox = sandbox
            self.hostSuffix = hostSuffix
            self.verification = verification
            self.isHTTP1 = isHTTP1
        }
    }

    /// A secret that the adapter uses.
    public struct SecretNeed: Hashable, Sendable {
        /// [a-z0-9_]{1,64}
        public var name: String
        public var purpose: String
        /// By configuration; others come from a challenge or a capture.
        public var isRequired: Bool
        public var needsReveal: Bool

        /// A secret by its name.
        public init(_ name: String, _ purpose: String, isRequired: Bool, needsReveal: Bool = false) {
            self.name = name
            self.purpose = purpose
            self.isRequired = isRequired
            self.needsReveal = needsReveal
        }
    }

    /// A named call of the broker that is none of the ordinary ones.
    public struct VendorCall: Hashable, Sendable {
        /// [a-z0-9_]{1,64}
        public var name: String
        public var effect: Effect
        /// A mutation that can only take risk away, as one that takes back what waits at the broker: the host makes it in
        /// a halt too, where it refuses every other mutation. Says nothing of a call that is no mutation.
        public var isReducing: Bool
        /// JSON Schema.
        public var argumentsSchema: String
        public var resultSchema: String
        /// One line for people.
        public var text: String

        /// A vendor call by its name.
        public init(
            _ name: String, _ effect: Effect, _ text: String, isReducing: Bool = false,
            argumentsSchema: String = #"{"type":"object"}"#, resultSchema: String = "{}"
        ) {
            self.name = name
            self.effect = effect
            self.isReducing = isReducing
            self.text = text
            self.argumentsSchema = argumentsSchema
            self.resultSchema = resultSchema
        }
    }

    /// What more it can do. Unset: the call is never made.
    public struct Capabilities: OptionSet, Hashable, Sendable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }

        public static let modifyBatch = Capabilities(rawValue: SLUICE_CAN_MODIFY_BATCH)
        public static let cancelBatch = Capabilities(rawValue: SLUICE_CAN_CANCEL_BATCH)
        public static let subscribe = Capabilities(rawValue: SLUICE_CAN_SUBSCRIBE)
        public static let vendorCall = Capabilities(rawValue: SLUICE_CAN_VENDOR_CALL)
        public static let takesWebhooks = Capabilities(rawValue: SLUICE_TAKES_WEBHOOKS)
        public static let asksQuestions = Capabilities(rawValue: SLUICE_ASKS_QUESTIONS)
        public static let takesConfigChanges = Capabilities(rawValue: SLUICE_TAKES_CONFIG_CHANGES)
    }

    public var capabilities: Capabilities
    public var endpoints: [Endpoint]
    public var secrets: [SecretNeed]
    public var vendorCalls: [VendorCall]
    /// Instruments, 0: none.
    public var maxSubscriptions: UInt32
    /// 0: not known beforehand.
    public var loginValidityNanoseconds: Int64
    /// Open requests a session, 0: 64.
    public var maxRequests: UInt32
    /// One line: what a person does to log in.
    public var loginText: String

    /// Connections; what is left out is absent.
    public init(
        endpoints: [Endpoint], secrets: [SecretNeed] = [], vendorCalls: [VendorCall] = [],
        capabilities: Capabilities = [], maxSubscriptions: UInt32 = 0, loginValidityNanoseconds: Int64 = 0,
        maxRequests: UInt32 = 0, loginText: String = ""
    ) {
        self.endpoints = endpoints
        self.secrets = secrets
        self.vendorCalls = vendorCalls
        self.capabilities = capabilities
        self.maxSubscriptions = maxSubscriptions
        self.loginValidityNanoseconds = loginValidityNanoseconds
        self.maxRequests = maxRequests
        self.loginText = loginText
    }
}

extension Connections {
    /// The boundary's static data. Its memory is never given back, as the contract asks.
    func makeStatic() -> UnsafePointer<sluice_connections> {
        var scratch = Scratch()  // leaked with all it lays out
        let memory = scratch.take(SLUICE_SIZE_connections).assumingMemoryBound(to: sluice_connections.self)
        var entity = sluice_connections()
        entity.struct_size = UInt32(SLUICE_SIZE_connections)
        entity.max_subscriptions = maxSubscriptions
        entity.capabilities = capabilities.rawValue
        entity.login_validity_ns = loginValidityNanoseconds
        entity.max_requests = maxRequests
        entity.login_text = scratch.text(loginText)

        entity.endpoints = scratch.list(endpoints, of: sluice_endpoint(), size: SLUICE_SIZE_endpoint) {
            scratch, endpoint, item in
            item.kind = endpoint.kind.rawValue
            item.id = scratch.text(endpoint.id)
            item.live = scratch.text(endpoint.live)
            item.sandbox = scratch.text(endpoint.sandbox)
            item.host_suffix = scratch.text(endpoint.hostSuffix)
            item.verification = endpoint.verification.rawValue
            item.http = endpoint.isHTTP1 ? SLUICE_HTTP_1 : SLUICE_HTTP_AUTO
        }

        entity.secrets = scratch.list(secrets, of: sluice_secret_need(), size: SLUICE_SIZE_secret_need) {
            scratch, secret, item in
            item.is_required = secret.isRequired ? 1 : 0
            item.name = scratch.text(secret.name)
            item.purpose = scratch.text(secret.purpose)
            item.needs_reveal = secret.needsReveal ? 1 : 0
        }

        entity.vendor_calls = scratch.list(vendorCalls, of: sluice_vendor_call(), size: SLUICE_SIZE_vendor_call) {
            scratch, call, item in
            item.effect =
                call.isReducing && call.effect.rawValue >= Effect.idempotent.rawValue
                ? SLUICE_EFFECT_REDUCING : call.effect.rawValue
            item.name = scratch.text(call.name)
            item.arguments_schema = scratch.text(call.argumentsSchema)
            item.result_schema = scratch.text(call.resultSchema)
            item.text = scratch.text(call.text)
        }
        memory.pointee = entity
        return UnsafePointer(memory)
    }
}
