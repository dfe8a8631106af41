/// A request as it goes on the wire: made when a connection stands ready, never before.
package struct HTTPMessage: Hashable, Sendable {
    package var method: String
    /// Path and query, byte for byte.
    package var target: String
    /// In order. Host and Content-Length are added where they are missing; what frames a message is the transport's.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(method: String, target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        (self.method, self.target, self.headers, self.body) = (method, target, headers, body)
    }

    package static func == (left: HTTPMessage, right: HTTPMessage) -> Bool {
        left.method == right.method && left.target == right.target && left.body == right.body
            && left.headers.elementsEqual(right.headers) { $0.name == $1.name && $0.value == $1.value }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(method)
        hasher.combine(target)
        hasher.combine(body)
    }
}

/// What became of a send, as far as the machine can know.
package enum SendResult: UInt8, Hashable, Sendable {
    /// Written, and answered whole (a frame: written).
    case done = 1
    /// Certain: no byte of it was handed to the network.
    case neverSent
    /// Some or all bytes left; no answer came.
    case sentNoReply
    /// An answer began and broke off, could not be read, or passed its bound.
    case replyTruncated
}

/// How one try of a request ended.
package struct HTTPOutcome: Sendable {
    package var result: SendResult
    /// 0 = no answer came.
    package var status: Int = 0
    /// Names in lower case.
    package var headers: [(name: String, value: String)] = []
    /// Decompressed; empty for a streamed one.
    package var body: [UInt8] = []
    /// When the last byte was handed to the machine's network. Where bytes may have left but not all were, when the
    /// first was. `nil`: none was.
    package var written: Moment?
    package var firstByte: Moment?
    /// Nanoseconds: the shortest round trip that the machine has seen lately on the connection that answered. `nil`: none
    /// answered, or the machine cannot say.
    package var roundTrip: Int64?
    package var done: Moment
    /// What went wrong, for people; `nil` = nothing.
    package var text: String?

    package init(_ result: SendResult, done: Moment, text: String? = nil) {
        (self.result, self.done, self.text) = (result, done, text)
    }
}

/// Why a message is not sent though a connection stands ready.
package struct NotSent: Error, Hashable, Sendable {
    package var text: String
    package init(_ text: String) { self.text = text }
}

/// Makes the request and hears of it. Called on an event loop; must not block.
package protocol HTTPObserver: AnyObject, Sendable {
    /// Asked at most once a try, when the next thing to happen is the first byte: a message that was made is written.
    /// Throwing is the last chance to take a request back, and then it is certain that nothing left.
    func makeMessage(_ now: Moment) throws(NotSent) -> HTTPMessage
    /// A part of a streamed body, at most 64 KiB. Each is to be given back by `HTTPExchange.consumed`.
    func receive(_ part: [UInt8])
    /// Once a try, last.
    func end(_ outcome: HTTPOutcome)
}

/// One try of one request.
package struct HTTPExchange: Sendable {
    package var route: NetworkRoute
    /// Nanoseconds until a connection, its tunnel and its TLS must stand.
    package var connectTimeout: Int64
    /// Nanoseconds from the write to the first byte of the answer.
    package var firstByteTimeout: Int64
    /// Nanoseconds for the whole try.
    package var totalTimeout: Int64
    /// Bytes of the answer's body, decompressed.
    package var maximumBody: Int
    package var isStreamed: Bool
    /// A request that changes something: its connection is left open when the wait for an answer is over, since to hang up
    /// may abort at the other end what has been asked for.
    package var isMutation: Bool

    package init(
        route: NetworkRoute, connectTimeout: Int64 = 5_000_000_000, firstByteTimeout: Int64 = 10_000_000_000,
        totalTimeout: Int64 = 30_000_000_000, maximumBody: Int = 4 << 20, isStreamed: Bool = false,
        isMutation: Bool = false
    ) {
        (self.route, self.connectTimeout, self.firstByteTimeout) = (route, connectTimeout, firstByteTimeout)
        (self.totalTimeout, self.maximumBody) = (totalTimeout, maximumBody)
        (self.isStreamed, self.isMutation) = (isStreamed, isMutation)
    }

    /// Most parts of a streamed body that may wait for their reader; then the socket is not read.
    package static let waitingParts = 16
    package static let partBytes = 65_536
}

/// Gives back room for further parts of a streamed body.
package protocol HTTPFlow: AnyObject, Sendable {
    /// So many parts were used up. Any thread.
    func consumed(_ parts: Int)
}
