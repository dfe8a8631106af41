import Signing
import Transport

/// One HTTP request as an adapter asked for it: everything is a template, and nothing is made before it leaves.
final class RequestPlan: Sendable {
    /// Where a request goes and what stands around its body: mostly the same from one request to the next, so it is
    /// shared among them.
    final class Frame: Sendable {
        let place: EndpointTable.Place
        let method: String
        let target: Target
        let headers: [Header]
        /// The handles of the secrets that they need.
        let secrets: [UInt64]
        /// Whether one of them refers to another part.
        let hasSlots: Bool

        init(_ place: EndpointTable.Place, method: String, target: Target, headers: [Header]) {
            (self.place, self.method, self.target, self.headers) = (place, method, target, headers)
            secrets = target.template.secrets + headers.flatMap(\.value.secrets)
            hasSlots = target.template.hasSlots || headers.contains { $0.value.hasSlots }
        }
    }
    /// A reference, so that to look at one is not to copy what it is made of.
    final class Header: Sendable {
        let name: String
        let value: Template
        /// The value, where it is the same whenever it is made.
        let text: String?

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

    let tag: UInt64
    let effect: RequestEffect
    let tokens: [UInt64]
    let account: Int
    let isStreamed: Bool
    let isPriority: Bool
    /// It may be sent under another login than that under which it was asked for.
    let isReplayable: Bool
    let frame: Frame
    let values: [Template]
    let body: Template
    /// The handles of the secrets that its parts need.
    let secrets: [UInt64]
    let costs: [Cost]
    let captures: [Capture]
    let connectTimeout: Int64
    let firstByteTimeout: Int64
    let totalTimeout: Int64
    /// Wall nanoseconds; `nil` = whenever.
    let notAfter: Int64?
    let maximumBody: Int

    init(
        tag: UInt64, effect: RequestEffect, tokens: [UInt64], account: Int, isStreamed: Bool, isPriority: Bool,
        isReplayable: Bool, frame: Frame, values: [Template], body: Template, costs: [Cost], captures: [Capture],
        connectTimeout: Int64,
        firstByteTimeout: Int64, totalTimeout: Int64, notAfter: Int64?, maximumBody: Int
    ) {
        (self.tag, self.effect, self.tokens, self.account) = (tag, effect, tokens, account)
        (self.isStreamed, self.isPriority, self.isReplayable) = (isStreamed, isPriority, isReplayable)
        self.frame = frame
        (self.values, self.body, self.costs, self.captures) = (values, body, costs, captures)
        (self.connectTimeout, self.firstByteTimeout) = (connectTimeout, firstByteTimeout)
        (self.totalTimeout, self.notAfter, self.maximumBody) = (totalTimeout, notAfter, maximumBody)
        secrets =
            values.isEmpty && body.literal != nil
            ? frame.secrets : frame.secrets + body.secrets + values.flatMap(\.secrets)
    }

    var place: EndpointTable.Place { frame.place }

    /// One try of it.
    ///
    /// - Parameter spent: nanoseconds of its time that are over, in queues and in earlier tries.
    func exchange(spent: Int64) -> HTTPExchange {
        HTTPExchange(
            route: place.route, connectTimeout: connectTimeout, firstByteTimeout: firstByteTimeout,
            totalTimeout: max(1, totalTimeout &- spent), maximumBody: maximumBody, isStreamed: isStreamed,
            isMutation: effect.isMutation)
    }

    /// Makes the message: values, body, target, headers, in the order in which they may refer to each other.
    func message(
        _ evaluator: TemplateEvaluator, _ environment: inout EgressEnvironment
    ) throws(NotSent) -> HTTPMessage {
        do throws(TemplateError) {
            if let body = body.literal, let target = frame.target.text, values.isEmpty, !frame.hasSlots {
                return HTTPMessage(
                    method: frame.method, target: target, headers: try headers(evaluator, &environment), body: body)
            }
            var slots = TemplateSlots(method: frame.method, baseURL: place.baseText)
            for value in values { slots.values.append(try evaluator.value(value, in: &environment, slots: slots)) }
            let body = try evaluator.value(self.body, in: &environment, slots: slots)
            slots.body = body
            let target = try evaluator.value(frame.target.template, in: &environment, slots: slots)
            slots.target = target
            return HTTPMessage(
                method: frame.method,
                target: frame.target.text ?? place.base.path + String(decoding: target, as: UTF8.self),
                headers: try headers(evaluator, &environment, slots), body: body)
        } catch {
            throw NotSent("the request could not be made: \(error)")
        }
    }

    private func headers(
        _ evaluator: TemplateEvaluator, _ environment: inout EgressEnvironment, _ slots: TemplateSlots = TemplateSlots()
    ) throws(TemplateError) -> [(name: String, value: String)] {
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
        return made
    }
}
