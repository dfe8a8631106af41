package import Adapters
package import Domain
import Engine

/// A broker's question, and the order that it is about.
package struct OpenQuestion: Sendable {
    package var adapter: AdapterID
    /// Where `Gateway.answer` finds it again.
    package var id: String
    package var question: BrokerQuestion
    /// `nil`: it is about something else than an order.
    package var run: RunID?
    package var clientOrderID: ClientOrderID?
}

extension Gateway {
    /// What brokers wait to hear, oldest first.
    package func questions() -> [OpenQuestion] {
        state.withLockedValue { state in
            var seen: Set<ObjectIdentifier> = []
            var found: [OpenQuestion] = []
            for seat in state.sessions.values where seen.insert(ObjectIdentifier(seat.session)).inserted {
                for question in seat.session.questions { found.append(opened(question, seat.session, state)) }
            }
            return found.sorted { ($0.question.askedAt, $0.id) < ($1.question.askedAt, $1.id) }
        }
    }

    private func opened(
        _ question: BrokerQuestion, _ session: AdapterSession, _ state: borrowing State
    ) -> OpenQuestion {
        let account = question.account ?? session.accounts.first?.id ?? AccountID(unchecked: "")
        let place = question.isOrder ? state.engine.runs.place(ofClientSequence: question.command) : nil
        return OpenQuestion(
            adapter: session.id.adapter, id: "\(account.rawValue)-\(question.number)", question: question,
            run: place?.run, clientOrderID: place == nil ? nil : state.engine.clientOrderID(question.command))
    }

    /// Gives a broker's question one of its options, and says in the journal who did.
    ///
    /// - Returns: why it was not taken; `nil`: it was.
    package func answer(
        _ open: OpenQuestion, option: String, by actor: Actor
    ) async throws(GatewayError) -> QueryFailure? {
        let account = open.question.account
        let session = state.withLockedValue { state in
            state.sessions.values.first {
                $0.session.id.adapter == open.adapter && account.map($0.session.has) ?? true
                    && $0.session.questions.contains(open.question)
            }?.session
        }
        guard let session else { return QueryFailure(.notReady, "the question waits for no answer any more") }
        let result = await withCheckedContinuation { done in
            session.answer(
                question: open.question.number, option: option, deadline: clock.monotonic() + options.commandDeadline
            ) { done.resume(returning: $0) }
        }
        if case .failure(let failure) = result { return failure }
        try await record(
            .questionAnswered, open.question.account?.rawValue ?? open.adapter.rawValue,
            detail: Self.detail(open.question, option), by: actor)
        return nil
    }

    private static func detail(_ question: BrokerQuestion, _ option: String) -> String {
        let message = question.messageID.map { " (\($0))" } ?? ""
        return "\(option): \(question.text.prefix(500))\(message)"
    }

    // MARK: - From lanes

    func heard(_ question: BrokerQuestion, _ news: QuestionNews, _ session: AdapterSession, _ state: inout State) {
        switch news {
        case .answered(let option, isPolicy: true):
            emit(
                .questionAnswered, question.account?.rawValue ?? session.id.adapter.rawValue,
                "by the manifest, \(Self.detail(question, option))", by: .gateway, &state)
        case .answered(_, isPolicy: false): break  // whoever answers records it
        case .held:
            logger.warning(
                "A broker's question waits for an answer",
                metadata: [
                    "account.id": "\(question.account?.rawValue ?? "")", "adapter.id": "\(session.id.adapter)",
                    "until": "\(question.deadline)",
                ])
        case .ended:
            logger.warning(
                "A broker's question was not answered",
                metadata: [
                    "account.id": "\(question.account?.rawValue ?? "")", "adapter.id": "\(session.id.adapter)",
                ])
        }
    }

    /// Orders whose broker waits for an answer: they are not overdue, the broker is.
    func ordersInQuestion(_ state: borrowing State) -> Set<UInt64> {
        var found: Set<UInt64> = []
        for seat in state.sessions.values {
            for question in seat.session.questions where question.isOrder { found.insert(question.command) }
        }
        return found
    }
}
