import Domain
import NIOConcurrencyHelpers
import Testing

@testable import Adapters

/// Sessions of the adapter with a network that asks, takes batches and hears of changed config.
@Suite("Questions of brokers, batches, changed config") struct QuestionTests {
    private static func stage(manifest: String = "", config: String = "{}") throws -> ConnectedStage {
        try ConnectedStage(["-DASKS"], manifest: manifest, config: config)
    }

    private static func answer(_ stage: ConnectedStage, _ number: UInt64, _ option: String) -> QueryFailure? {
        let box = NIOLockedValueBox<Result<Void, QueryFailure>?>(nil)
        stage.session.answer(question: number, option: option) { result in box.withLockedValue { $0 = result } }
        stage.lanes.runUntilIdle()
        if case .failure(let failure)? = box.withLockedValue({ $0 }) { return failure }
        return box.withLockedValue { $0 } == nil ? QueryFailure(.failed, "no end was told") : nil
    }

    private static func news(_ stage: ConnectedStage) -> [QuestionNews] {
        stage.recorder.events.compactMap { if case .question(_, let news) = $0 { news } else { nil } }
    }

    @Test("A question that no policy knows waits for a person; the answer ends the order")
    func person() throws {
        let stage = try Self.stage()
        let id = try stage.submit("ask")
        #expect(stage.recorder.submitted.isEmpty)
        let question = try #require(stage.session.questions.first)
        #expect(question.command == id && question.isOrder && question.messageID == "o163")
        #expect(question.options.map(\.id) == ["yes", "no", "later"])
        #expect(question.options.map(\.meaning) == [.confirm, .refuse, .other])
        #expect(Self.news(stage) == [.held])
        #expect(Self.answer(stage, question.number, "maybe") != nil)
        #expect(stage.session.questions.count == 1)
        #expect(Self.answer(stage, question.number, "yes") == nil)
        #expect(stage.said("replied") == 1)
        #expect(stage.recorder.submitted.map(\.outcome) == [.accepted])
        #expect(stage.session.questions.isEmpty)
        #expect(Self.answer(stage, question.number, "yes") != nil)
        #expect(Self.news(stage).last == .answered(option: "yes", isPolicy: false))
    }

    @Test("The manifest answers what it knows, after the call that asked, and nothing else", arguments: [true, false])
    func policy(confirms: Bool) throws {
        let stage = try Self.stage(manifest: "questions: { o163: \(confirms ? "confirm" : "refuse") }\n")
        try stage.submit("ask")
        #expect(stage.said("replied") == (confirms ? 1 : 2))
        #expect(stage.recorder.submitted.map(\.outcome) == [confirms ? .accepted : .rejected])
        #expect(Self.news(stage) == [.answered(option: confirms ? "yes" : "no", isPolicy: true)])
        try stage.submit("ask-other")
        #expect(stage.session.questions.map(\.messageID) == ["o999"])
        #expect(stage.session.brokerClockOffset == 2_000_000_000)  // what it told of the broker's clock meanwhile
    }

    @Test("An answer may lead to another question of the same order")
    func again() throws {
        let stage = try Self.stage()
        try stage.submit("ask")
        let first = try #require(stage.session.questions.first)
        #expect(Self.answer(stage, first.number, "later") == nil)
        let second = try #require(stage.session.questions.first)
        #expect(second.id == "q2" && second.number != first.number)
        // The adapter refuses this one: the question stands, and nothing is concluded.
        #expect(Self.answer(stage, second.number, "later") != nil)
        #expect(stage.session.questions == [second])
        #expect(stage.recorder.submitted.isEmpty)
        #expect(Self.answer(stage, second.number, "no") == nil)
        #expect(stage.recorder.submitted.map(\.outcome) == [.rejected])
    }

    @Test("An order waits as long as its question; unanswered it is never called a failure")
    func unanswered() throws {
        let stage = try Self.stage()
        try stage.submit("ask-short", deadline: stage.clock.monotonic() + 1_000_000_000)
        stage.after(milliseconds: 1_500)
        #expect(stage.recorder.submitted.isEmpty)
        #expect(stage.session.questions.count == 1)
        stage.after(milliseconds: 600)
        #expect(stage.session.questions.isEmpty)
        #expect(stage.recorder.submitted.map(\.outcome) == [.unknown])
        #expect(Self.news(stage).last == .ended)
        #expect(stage.said("replied") == nil)
    }

    @Test("A question without an option is refused: nobody could answer it")
    func broken() throws {
        let stage = try Self.stage()
        try stage.submit("ask-wrong")
        #expect(stage.said("asked") == -2)
        #expect(stage.session.questions.isEmpty)
    }

    @Test("Neighbouring modifies and cancels go in one call where the broker takes batches; each has its own end")
    func batches() throws {
        let stage = try Self.stage()
        for number in 0..<25 {
            let reference = OrderReference(accountIndex: 0, brokerOrderID: "B\(number)")
            _ = stage.session.cancel(CancelCommand(id: UInt64(1_000 + number), reference: reference))
        }
        stage.lanes.runUntilIdle()
        #expect(stage.said("cancel_batch") == 5)  // 10, 10 and the rest
        #expect(stage.recorder.canceled.map(\.id) == (1_000..<1_025).map { UInt64($0) })
        #expect(stage.recorder.canceled.prefix(4).map(\.outcome) == [.accepted, .rejected, .accepted, .rejected])
        for number in 0..<4 {
            let reference = OrderReference(accountIndex: 0, brokerOrderID: "B\(number)")
            _ = stage.session.modify(
                ModifyCommand(
                    id: UInt64(2_000 + number), reference: reference, changes: OrderChanges(quantity: 5),
                    clientOrderID: ClientOrderID(prefix: 1, sequence: UInt64(900 + number))))
        }
        stage.lanes.runUntilIdle()
        #expect(stage.said("modify_batch") == 4)
        #expect(stage.recorder.modified.map(\.outcome) == [.accepted, .rejected, .accepted, .rejected])
    }

    @Test("A changed config reaches the adapter once, whole and with defaults; the same again does not")
    func config() throws {
        let stage = try Self.stage(config: #"{"poll":7}"#)
        #expect(stage.host.configChanged(ConnectedStage.account(config: #"{"poll":11}"#)))
        stage.lanes.runUntilIdle()
        #expect(stage.said("config") == Int64(#"{"poll":11}"#.utf8.count))
        #expect(stage.said("config_account") == 0)
        #expect(!stage.host.configChanged(ConnectedStage.account(config: #"{"poll":11}"#)))
        // What its schema refuses it never hears.
        #expect(!stage.host.configChanged(ConnectedStage.account(config: #"{"poll":0}"#)))
        try stage.workshop.manifest("connected", "config: { poll: 123 }\n")
        _ = stage.host.configChanged(ConnectedStage.account(config: "{}"))
        stage.lanes.runUntilIdle()
        #expect(stage.said("config") == Int64(#"{"poll":5}"#.utf8.count))
        _ = stage.host.reload()
        stage.lanes.runUntilIdle()
        #expect(stage.said("config") == Int64(#"{"poll":123}"#.utf8.count))
    }

    @Test("Config and arguments that the schema refuses are named with value and what would be right")
    func schema() throws {
        let stage = try Self.stage()
        let refusals = stage.host.adapter(try #require(AdapterID("connected")))?
            .findings(ofConfig: #"{"poll":0,"pol":1}"#).map(\.description)
        #expect(
            refusals == [
                "/poll 0 is too small; expected at least 1 (seconds)",
                "/pol 1 is not known; expected one of poll",
            ])
        guard case .failure(let failure)? = stage.call("echo", #"{"a":0}"#).withLockedValue({ $0 }) else {
            Issue.record("the arguments were taken")
            return
        }
        #expect(failure.reason == .invalid)
        #expect(failure.text == "the arguments of echo: /a 0 is too small; expected at least 1")
        #expect(try stage.call("echo", #"{"a":1}"#).withLockedValue { $0 }?.get() == #"{"a":1}"#)
        let made = stage.host.makeSessions(
            for: [Stage.account("C9", login: "other", adapter: "connected", config: #"{"poll":"x"}"#)],
            services: SessionServices(), delegate: stage.recorder)
        #expect(
            made.refusals.map(\.reason) == [
                #"the config of account C9: /poll "x" is of another type; expected integer (seconds)"#
            ])
    }
}
