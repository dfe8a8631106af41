import Signing
import Transport

/// One HTTP request as an adapter asked for it: everything is a template, and nothing is made before it leaves.
struct RequestPlan: Sendable {
    /// Where a request goes and what stands around its body: mostly the same from one request to the next, so it is
    /// shared among them.
    final class Frame: Sendable {
        let place: EndpointTable.Place
        let method: String
        let target: Target
        let headers: [Header]

        init(_ place: EndpointTable.Place, method: String, target: Target, headers: [Header]) {
            (self.place, self.method, self.target, self.headers) = (place, method, target, headers)
        }
    }
    struct Header: Sendable {
        var name: String
        var value: Template
        /// The value, where it is the same whenever it is made.
        var text: String?

        init(_ name: String, _ value: Template) {
            (self.name, self.value) = (name, value)
            text = value.literal.map { String(decoding: $0, as: UTF8.self) }
        }
    }
    struct Target: Sendable {
        var template: Template
        /// Path and query with the endpoint's own path before them, where they are the same whenever they are made.
        var text: String?

        init(_ template: Template, _ place: EndpointTable.Place) {
            self.template = template
            text = template.literal.map { place.base.path + String(decoding: $0, as: UTF8.self) }
        }
    }
    struct Cost: Sendable {
        /// By its place among the adapter's buckets.
        var bucket: Int
        var scope: String?
        var units: UInt32
    }

    var tag: UInt64
    var effect: RequestEffect
    var tokens: [UInt64]
    var account: Int
    var isStreamed: Bool
    var isPriority: Bool
    var frame: Frame
    var values: [Template]
    var body: Template
    var costs: [Cost]
    var captures: [Capture]
    var connectTimeout: Int64
    var firstByteTimeout: Int64
    var totalTimeout: Int64
    /// Wall nanoseconds; `nil` = whenever.
    var notAfter: Int64?
    var maximumBody: Int

    var place: EndpointTable.Place { frame.place }

    var exchange: HTTPExchange {
        HTTPExchange(
            route: place.route, connectTimeout: connectTimeout, firstByteTimeout: firstByteTimeout,
            totalTimeout: totalTimeout, maximumBody: maximumBody, isStreamed: isStreamed,
            isMutation: effect.isMutation)
    }

    /// Whether every handle of a secret in any of its parts passes a test.
    func secrets(allSatisfy isKnown: (UInt64) -> Bool) -> Bool {
        body.secrets(allSatisfy: isKnown) && frame.target.template.secrets(allSatisfy: isKnown)
            && values.allSatisfy { $0.secrets(allSatisfy: isKnown) }
            && frame.headers.allSatisfy { $0.text != nil || $0.value.secrets(allSatisfy: isKnown) }
    }

    /// Makes the message: values, body, target, headers, in the order in which they may refer to each other.
    func message(
        _ evaluator: TemplateEvaluator, _ environment: inout EgressEnvironment
    ) throws(NotSent) -> HTTPMessage {
        do throws(TemplateError) {
            var slots = TemplateSlots(method: frame.method, baseURL: place.baseText)
            for value in values { slots.values.append(try evaluator.value(value, in: &environment, slots: slots)) }
            let body = try evaluator.value(self.body, in: &environment, slots: slots)
            slots.body = body
            let target = try evaluator.value(frame.target.template, in: &environment, slots: slots)
            slots.target = target
            var made: [(name: String, value: String)] = []
            made.reserveCapacity(frame.headers.count + 2)  // the transport adds what is missing
            for header in frame.headers {
                if let text = header.text {
                    made.append((header.name, text))
                } else {
                    let bytes = try evaluator.value(header.value, in: &environment, slots: slots)
                    made.append((header.name, String(decoding: bytes, as: UTF8.self)))
                }
            }
            return HTTPMessage(
                method: frame.method,
                target: frame.target.text ?? place.base.path + String(decoding: target, as: UTF8.self),
                headers: made, body: body)
        } catch {
            throw NotSent("the request could not be made: \(error)")
        }
    }
}
