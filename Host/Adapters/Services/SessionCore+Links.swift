import CSluice
import Domain
import Signing
import Transport

// WebSockets and byte streams.

extension SessionCore {
    func linkOpen(
        _ pointer: UnsafePointer<sluice_connection>?, isWebSocket: Bool, _ stream: UnsafeMutablePointer<UInt64>?
    ) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            let size = MemoryLayout<sluice_connection>.size
            guard let connection = try checkedEntity(pointer, size: size, "connection"), let stream else {
                throw ContractBreach("connection", "is null, or the place for the stream's number is")
            }
            let account = Int(connection.pointee.account)
            guard
                let place = try network.endpoints.place(
                    account, connection.pointee.endpoint, host: connection.pointee.host)
            else { return SLUICE_ERR_NOT_FOUND }
            guard (place.kind == .wss) == isWebSocket, place.kind != .https else {
                throw ContractBreach("endpoint", "\(place.id.printableLine) is of another kind")
            }
            guard network.streams.values.count(where: { !$0.isClosed }) < ServiceBounds.streams else {
                return quota("open streams", ServiceBounds.streams)
            }
            let target = try RequestReader.template(
                UnsafeRawPointer(connection), Int(SLUICE_AT_connection_target), "target")
            try RequestReader.check(target, .target, values: 0, "target")
            let headers = try RequestReader.headers(connection.pointee.headers, values: 0)
            let frame = connection.pointee.max_frame
            guard frame <= UInt64(ServiceBounds.frameBytes) else {
                throw ContractBreach("max_frame", "is \(frame); at most \(ServiceBounds.frameBytes)")
            }
            guard let costs = try RequestReader.costs(connection.pointee.costs, network.rates) else {
                return SLUICE_ERR_NOT_FOUND
            }
            let protocolName = try connection.pointee.subprotocol.text("subprotocol")
            var link = LinkSpecification(route: place.route, isWebSocket: isWebSocket)
            link.pingInterval = try RequestReader.timeout(
                connection.pointee.ping_interval_ns, standard: 30_000_000_000, "ping_interval_ns")
            link.idleTimeout = try RequestReader.timeout(
                connection.pointee.idle_timeout_ns, standard: 0, "idle_timeout_ns")
            if frame > 0 { link.maximumFrame = Int(frame) }
            guard payOpening(costs, account: account, network) else { return SLUICE_ERR_QUOTA }
            network.lastStream += 1
            let number = network.lastStream
            let observer = LinkWatcher(
                stream: number, account: account, base: place.base, target: target, headers: headers,
                subprotocol: protocolName, egress: network.egress, session: session)
            network.streams[number] = SessionNetwork.Stream(
                link: network.transport.open(link, observer), account: account, isWebSocket: isWebSocket, costs: costs)
            stream.pointee = number
            return SLUICE_OK
        } catch {
            return breach("ws_open", error)
        }
    }

    func linkSend(
        _ number: UInt64, _ pointer: UnsafePointer<sluice_frame>?, isWebSocket: Bool
    ) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        guard let stream = network.streams[number], stream.isWebSocket == isWebSocket else {
            return SLUICE_ERR_NOT_FOUND
        }
        do throws(ContractBreach) {
            guard let frame = try checkedEntity(pointer, size: MemoryLayout<sluice_frame>.size, "frame") else {
                throw ContractBreach("frame", "is null")
            }
            guard let kind = UInt8(exactly: frame.pointee.kind).flatMap(FrameKind.init(rawValue:)),
                (kind == .bytes) != isWebSocket
            else { throw ContractBreach("kind", "is \(frame.pointee.kind), which this connection does not carry") }
            guard let effect = RequestEffect(raw: frame.pointee.effect) else {
                throw ContractBreach("effect", "is \(frame.pointee.effect); SLUICE_EFFECT_* is 1 to 4")
            }
            if stream.isClosed { return SLUICE_ERR_STATE }
            let payload = try RequestReader.template(UnsafeRawPointer(frame), Int(SLUICE_AT_frame_payload), "payload")
            try RequestReader.check(payload, .alone, values: 0, "payload")
            for handle in payload.secrets where network.vault.secret(handle) == nil { return SLUICE_ERR_NOT_FOUND }
            guard let costs = try RequestReader.costs(frame.pointee.costs, network.rates) else {
                return SLUICE_ERR_NOT_FOUND
            }
            let served = try RequestReader.tokens(frame.pointee.tokens)
            try check(served, effect, network)
            if network.openFrames[frame.pointee.tag] != nil { return SLUICE_ERR_STATE }
            guard network.openFrames.count < ServiceBounds.openRequests else {
                return quota("open frames", ServiceBounds.openRequests)
            }
            let outbound = OutboundFrame(
                tag: frame.pointee.tag, kind: kind, payload: payload, account: stream.account, effect: effect,
                notAfter: frame.pointee.not_after == .min || frame.pointee.not_after == 0
                    ? nil : frame.pointee.not_after,
                costs: costs, queued: moment, egress: network.egress, session: session)
            network.openFrames[outbound.tag] = outbound
            network.depend(served, on: outbound)
            if costs.isEmpty {
                send(outbound, stream.link)
            } else {
                let isPriority = frame.pointee.flags & SLUICE_REQUEST_PRIORITY != 0
                pay(outbound, served, isPriority: isPriority, stream.link)
            }
            return SLUICE_OK
        } catch {
            return breach("ws_send", error)
        }
    }

    func linkClose(_ number: UInt64, _ code: UInt32, _ reason: sluice_str, isWebSocket: Bool) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        guard let stream = network.streams[number], stream.isWebSocket == isWebSocket, !stream.isClosed else {
            return SLUICE_ERR_NOT_FOUND
        }
        let words = (try? reason.text("reason", limit: 123)) ?? nil
        stream.link.close(code: UInt16(clamping: code), reason: words ?? "")
        return SLUICE_OK
    }

    // MARK: - What comes

    func deliver(
        _ frame: OutboundFrame, _ result: SendResult, written: Moment?, done: Moment, text: String?,
        isBlocked: Bool = false, _ network: SessionNetwork
    ) {
        guard network.openFrames.removeValue(forKey: frame.tag) != nil else { return }
        let transport = scratch.zeroed(MemoryLayout<sluice_transport>.size)
            .assumingMemoryBound(to: sluice_transport.self)
        fill(
            &transport.pointee,
            result: isBlocked
                ? SLUICE_TRANSPORT_BLOCKED_BY_LIMIT
                : frame.isTakenBack && result == .neverSent
                    ? SLUICE_TRANSPORT_ABORTED : UInt32(result.rawValue), tag: frame.tag, tries: 1,
            queued: frame.queued,
            written: written, firstByte: nil, done: done, text: text.map { network.vault.redact($0) })
        call(.onSent) { network.calls.onSent($0, transport) }
    }

    func deliver(_ kind: FrameKind, _ payload: [UInt8], of number: UInt64, _ network: SessionNetwork) {
        guard let stream = network.streams[number] else { return }
        payload.withUnsafeBytes { bytes in
            let view = sluice_bytes(
                ptr: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), len: UInt64(bytes.count))
            if stream.isWebSocket {
                call(.onWebSocket) { network.calls.onWebSocket($0, number, UInt32(kind.rawValue), view) }
            } else {
                call(.onStream) { network.calls.onStream($0, number, view) }
            }
        }
        stream.link.consumed(1)
    }

    func deliver(
        _ state: LinkState, status: Int, reason: String, of number: UInt64, _ network: SessionNetwork
    ) {
        guard let stream = network.streams[number] else { return }
        if state == .opening {
            // The first opening is paid for; the transport's own further ones happen, and are counted where there is room.
            if stream.hasOpened { _ = payOpening(stream.costs, account: stream.account, network) }
            network.streams[number]?.hasOpened = true
        }
        if state == .closed { network.streams[number]?.isClosed = true }
        if state == .lost || state == .closed {
            logger.info(
                "Connection ended",
                metadata: [
                    "stream": "\(number)", "state": "\(state)",
                    "reason": "\(network.vault.redact(reason).printableLine)",
                ])
        }
        let words = scratch.text(reason)
        call(.onStreamState) {
            network.calls.onStreamState($0, number, UInt32(state.rawValue), UInt32(clamping: status), words)
        }
        if state == .closed { network.streams[number] = nil }
    }
}

/// Makes the opening request of a connection, anew each time, and hears what comes over it.
final class LinkWatcher: LinkObserver {
    private let stream: UInt64
    private let account: Int
    private let base: BaseAddress
    private let target: Template
    private let headers: [RequestPlan.Header]
    private let subprotocol: String?
    private let egress: Egress
    private let session: AdapterSession

    init(
        stream: UInt64, account: Int, base: BaseAddress, target: Template, headers: [RequestPlan.Header],
        subprotocol: String?, egress: Egress, session: AdapterSession
    ) {
        (self.stream, self.account, self.base, self.target) = (stream, account, base, target)
        (self.headers, self.subprotocol, self.egress, self.session) = (headers, subprotocol, egress, session)
    }

    func makeUpgrade(_ now: Moment) throws(NotSent) -> UpgradeMessage {
        try egress.make(account: account, now: now.wall) { evaluator, environment throws(NotSent) in
            do throws(TemplateError) {
                var slots = TemplateSlots(method: "GET", baseURL: base.text)
                let target = try evaluator.value(self.target, in: &environment, slots: slots)
                slots.target = target
                var made: [UpgradeMessage.Header] = []
                for header in headers {
                    let value = try evaluator.value(header.value, in: &environment, slots: slots)
                    made.append(UpgradeMessage.Header(header.name, String(decoding: value, as: UTF8.self)))
                }
                let path = base.path + String(decoding: target, as: UTF8.self)
                return UpgradeMessage(target: path.isEmpty ? "/" : path, headers: made, subprotocol: subprotocol)
            } catch {
                throw NotSent("the opening request could not be made: \(error)")
            }
        }
    }

    func linkIs(_ state: LinkState, status: Int, reason: String) {
        session.arrive(.link(stream: stream, state, status: status, reason: reason))
    }

    func linkReceived(_ kind: FrameKind, _ payload: [UInt8]) {
        session.arrive(.frame(stream: stream, kind, payload))
    }

    func jitter() -> UInt64 {
        var number: UInt64 = 0
        withUnsafeMutableBytes(of: &number) { egress.random.fill($0) }
        return number
    }
}
