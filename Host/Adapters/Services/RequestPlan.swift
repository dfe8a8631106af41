import Signing
import Transport

/// One HTTP request as an adapter asked for it: everything is a template, and nothing is made before it leaves.
struct RequestPlan: Sendable {
    struct Header: Sendable {
        var name: String
        var value: Template
    }
    struct Cost: Sendable {
        var bucket: String
        var scope: String?
        var units: UInt32
    }

    var tag: UInt64
    var effect: RequestEffect
    var tokens: [UInt64]
    var account: Int
    var isStreamed: Bool
    var isPriority: Bool
    var place: EndpointTable.Place
    var method: String
    var values: [Template]
    var target: Template
    var headers: [Header]
    var body: Template
    var costs: [Cost]
    var captures: [Capture]
    var connectTimeout: Int64
    var firstByteTimeout: Int64
    var totalTimeout: Int64
    /// Wall nanoseconds; `nil` = whenever.
    var notAfter: Int64?
    var maximumBody: Int

    var exchange: HTTPExchange {
        HTTPExchange(
            route: place.route, connectTimeout: connectTimeout, firstByteTimeout: firstByteTimeout,
            totalTimeout: totalTimeout, maximumBody: maximumBody, isStreamed: isStreamed,
            isMutation: effect.isMutation)
    }

    /// Whether every handle of a secret in any of its parts passes a test.
    func secrets(allSatisfy isKnown: (UInt64) -> Bool) -> Bool {
        body.secrets(allSatisfy: isKnown) && target.secrets(allSatisfy: isKnown)
            && values.allSatisfy { $0.secrets(allSatisfy: isKnown) }
            && headers.allSatisfy { $0.value.secrets(allSatisfy: isKnown) }
    }

    /// Makes the message: values, body, target, headers, in the order in which they may refer to each other.
    func message(
        _ evaluator: TemplateEvaluator, _ environment: inout EgressEnvironment
    ) throws(NotSent) -> HTTPMessage {
        do throws(TemplateError) {
            var slots = TemplateSlots(method: method, baseURL: place.baseText)
            for value in values { slots.values.append(try evaluator.value(value, in: &environment, slots: slots)) }
            let body = try evaluator.value(self.body, in: &environment, slots: slots)
            slots.body = body
            let target = try evaluator.value(self.target, in: &environment, slots: slots)
            slots.target = target
            var made: [(name: String, value: String)] = []
            made.reserveCapacity(headers.count + 2)  // the transport adds what is missing
            for header in headers {
                let bytes = try evaluator.value(header.value, in: &environment, slots: slots)
                made.append((header.name, String(decoding: bytes, as: UTF8.self)))
            }
            return HTTPMessage(
                method: method, target: place.base.path + String(decoding: target, as: UTF8.self), headers: made,
                body: body)
        } catch {
            throw NotSent("the request could not be made: \(error)")
        }
    }
}
