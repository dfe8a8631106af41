import CSluice

/// What a login needs of a person. `ConnectedAdapter.authReply` brings the fields, as handles.
public struct Challenge: Sendable {
    public enum Kind: UInt32, Sendable {
        /// A person follows `url`; the broker's redirect brings the fields.
        case redirect = 1
        case oneTimeCode
        /// A person approves on another device.
        case device
        case pastedToken
    }

    public struct Field: Hashable, Sendable {
        /// Of the redirect's query parameter, or as a person is asked.
        public var name: String
        public var label: String?
        /// A regular expression of what is acceptable; `nil`: anything.
        public var pattern: String?
        public var isSecret: Bool

        /// A field by its name.
        public init(_ name: String, label: String? = nil, pattern: String? = nil, isSecret: Bool = true) {
            self.name = name
            self.label = label
            self.pattern = pattern
            self.isSecret = isSecret
        }
    }

    public var kind: Kind
    public var id: String
    /// Of a redirect; holds no secret but those the broker wants in it.
    public var url: Template?
    public var prompt: String
    public var fields: [Field]
    public var deadline: Timestamp?

    /// A challenge by its parts.
    public init(
        _ kind: Kind, id: String, url: Template? = nil, prompt: String, fields: [Field],
        deadline: Timestamp? = nil
    ) {
        self.kind = kind
        self.id = id
        self.url = url
        self.prompt = prompt
        self.fields = fields
        self.deadline = deadline
    }
}

/// The fields of a challenge, answered. A view: it lives as long as the call it came with; handles may be kept.
public struct ChallengeAnswer: ~Escapable {
    let fields: CellSpan
    public let id: String

    @_lifetime(immortal)
    init(_ id: String, _ fields: CellSpan) {
        self.id = id
        self.fields = fields
    }

    /// The handle of a field, or `nil` where it was not answered.
    public subscript(name: String) -> SecretHandle? {
        for index in 0..<fields.count where fields[index].equals(SLUICE_AT_named_secret_name, name) {
            let handle = fields[index].uint64(SLUICE_AT_named_secret_handle)
            return handle == 0 ? nil : SecretHandle(rawValue: handle)
        }
        return nil
    }
}

/// What a broker asks before it takes an order. An answer is never assumed.
public struct Question: Hashable, Sendable {
    public enum Meaning: UInt32, Sendable {
        case confirm = 1
        case refuse, other
    }

    public struct Option: Hashable, Sendable {
        public var id: String
        public var text: String
        public var meaning: Meaning

        /// An answer that may be given.
        public init(_ id: String, _ text: String, _ meaning: Meaning) {
            self.id = id
            self.text = text
            self.meaning = meaning
        }
    }

    public var id: String
    public var brokerMessageID: String?
    public var text: String
    public var options: [Option]
    public var deadline: Timestamp?

    /// A question by its parts.
    public init(
        id: String, brokerMessageID: String? = nil, text: String, options: [Option], deadline: Timestamp? = nil
    ) {
        self.id = id
        self.brokerMessageID = brokerMessageID
        self.text = text
        self.options = options
        self.deadline = deadline
    }
}

extension Host {
    /// Reports where the session stands, with what a login knows.
    ///
    /// - Parameters:
    ///   - account: Whose login it was.
    ///   - challenge: In state `.challenge`.
    ///   - capabilityDocument: Narrows the descriptor's for this login; `nil`: as declared.
    @discardableResult
    public func sessionReport(
        _ state: SessionState, account: Int = 0, expiresAt: Timestamp? = nil, renewAt: Timestamp? = nil,
        error: AdapterError? = nil, challenge: Challenge? = nil, capabilityDocument: String? = nil
    ) -> HostStatus {
        let url = challenge?.url.map { PreparedTemplate($0) }
        return withExtendedLifetime(url) {
            callServices { table, services, scratch in
                var entity = sluice_session_report()
                entity.struct_size = UInt32(SLUICE_SIZE_session_report)
                entity.state = state.rawValue
                entity.account = scratch.pointee.account(account)
                entity.expires_at = scratch.pointee.time(expiresAt)
                entity.renew_at = scratch.pointee.time(renewAt)
                entity.error = scratch.pointee.error(error)
                if let challenge { entity.challenge = scratch.pointee.challenge(challenge, url) }
                entity.capability_document = scratch.pointee.text(capabilityDocument)
                return services.pointee.session_report(table, &entity)
            }
        }
    }

    /// Asks a person or the policy; `ConnectedAdapter.commandReply` brings the answer. The command stays open.
    @discardableResult
    public func ask(_ question: Question, for command: Command) -> HostStatus {
        callServices { table, services, scratch in
            var entity = sluice_question()
            entity.struct_size = UInt32(SLUICE_SIZE_question)
            entity.id = scratch.pointee.text(question.id)
            entity.broker_message_id = scratch.pointee.text(question.brokerMessageID)
            entity.text = scratch.pointee.text(question.text)
            entity.options = scratch.pointee.options(question.options)
            entity.deadline = scratch.pointee.time(question.deadline)
            return services.pointee.progress(table, command.token, &entity)
        }
    }
}

extension Scratch {
    mutating func challenge(_ challenge: Challenge, _ url: PreparedTemplate?) -> UnsafePointer<sluice_challenge> {
        let memory = take(SLUICE_SIZE_challenge).assumingMemoryBound(to: sluice_challenge.self)
        var entity = sluice_challenge()
        entity.struct_size = UInt32(SLUICE_SIZE_challenge)
        entity.kind = challenge.kind.rawValue
        entity.id = text(challenge.id)
        entity.url = template(url)
        entity.prompt = text(challenge.prompt)
        entity.fields = list(challenge.fields, of: sluice_challenge_field(), size: SLUICE_SIZE_challenge_field) {
            scratch, field, item in
            item.is_secret = field.isSecret ? 1 : 0
            item.name = scratch.text(field.name)
            item.label = scratch.text(field.label)
            item.pattern = scratch.text(field.pattern)
        }
        entity.deadline = time(challenge.deadline)
        memory.pointee = entity
        return UnsafePointer(memory)
    }

    mutating func options(_ options: [Question.Option]) -> sluice_span {
        list(options, of: sluice_option(), size: SLUICE_SIZE_option) { scratch, option, item in
            item.meaning = option.meaning.rawValue
            item.id = scratch.text(option.id)
            item.text = scratch.text(option.text)
        }
    }
}
