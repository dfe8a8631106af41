import AdapterKit
import AdapterTesting
import Testing

/// Exactly one completion (ABI rule 25), and host calls on the lane only (rule 11).
struct CompletionTests {
    @Test("A second completion has no effect and is reported as the adapter's fault")
    func secondCompletion() throws {
        let script = Script()
        var second: HostStatus?
        script.submit = { _, command in
            command.accept(brokerOrderID: "B1")
            second = command.reject(AdapterError(.funds))
        }
        let host = try script.host()
        let sent = host.submit(limitOrder())
        #expect(second == .notFound)
        #expect(host.completions.count == 1)
        #expect(host.completion(of: sent)?.outcome == .accepted)
        let faults = host.log.filter { $0.level == .error && $0.text.hasPrefix("Adapter fault") }
        #expect(faults.map(\.fields) == [["token": "\(sent.token)"]])
    }

    @Test("An answer after the host's deadline is normal and no fault")
    func lateAnswer() throws {
        let script = Script()
        var waiting: Command?
        script.submit = { waiting = $1 }
        script.timer = { _, _ in waiting?.accept(brokerOrderID: "late") }
        let host = try script.host()
        let sent = host.submit(limitOrder())
        #expect(host.completion(of: sent) == nil)
        host.expire(sent)
        #expect(script.cancelled == [sent.token])
        host.lane { _, _ in
            #expect(throws: Never.self) { try script.host?.timer(afterNanoseconds: 1, tag: 0) }
            return 0
        }
        host.advance(nanoseconds: 1)
        #expect(host.completions.isEmpty)
        #expect(host.log.map(\.level) == [.debug])
    }

    @Test("A command may be kept and ended in a later call")
    func laterCompletion() throws {
        let script = Script()
        var waiting: Command?
        script.submit = { _, command in
            waiting = command
            #expect(throws: Never.self) { try command.host.timer(afterNanoseconds: 1_000, tag: 77) }
        }
        script.timer = { _, tag in
            #expect(tag == 77)
            waiting?.accept(brokerOrderID: "B9")
        }
        let host = try script.host()
        let sent = host.submit(limitOrder())
        #expect(host.openTokens == [sent.token])
        host.advance(nanoseconds: 999)
        #expect(host.completion(of: sent) == nil)
        host.advance(nanoseconds: 1)
        #expect(host.completion(of: sent)?.identity?.brokerOrderID == "B9")
        #expect(host.violations.isEmpty)
    }

    @Test("Outside a lane call the host refuses, and the adapter is told")
    func outsideTheLane() throws {
        let script = Script()
        var waiting: Command?
        script.submit = { waiting = $1 }
        let host = try script.host()
        let sent = host.submit(limitOrder())
        let face = try #require(script.host)
        #expect(waiting?.accept() == .wrongLane)
        #expect(face.orderUpdate([OrderUpdate(OrderIdentity(account: 0), .open)]) == .wrongLane)
        #expect(throws: HostError.self) { try face.timer(afterNanoseconds: 1, tag: 1) }
        #expect(throws: HostError.self) { try face.keyValue(account: 0).get("k") }
        #expect(host.completions.isEmpty)
        #expect(host.openTokens == [sent.token])
        #expect(host.violations.count == 4)
    }

    @Test("After destroy nothing reaches the host")
    func afterDestroy() throws {
        let script = Script()
        var waiting: Command?
        script.submit = { waiting = $1 }
        let host = try script.host()
        host.submit(limitOrder())
        host.destroy()
        #expect(waiting?.accept() == .state)
        #expect(script.host?.metric("count", .counter, 1) == .state)
        #expect(host.violations.isEmpty)
    }

    @Test("A session that is destroyed gives its adapter back")
    func noLeak() throws {
        final class Watched: BrokerAdapter {
            static let descriptor = Descriptor(id: "watched", name: "W", version: "1", capabilities: [])
            nonisolated(unsafe) static var alive = 0
            init(host: Host, options: SessionOptions) throws(AdapterFailure) { Self.alive += 1 }
            deinit { Self.alive -= 1 }
        }
        for _ in 0..<1000 {
            let host = try ScriptedHost(Watched.self)
            #expect(Watched.alive == 1)
            host.destroy()
        }
        #expect(Watched.alive == 0)
    }
}
