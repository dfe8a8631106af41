import CSluice
package import Domain
import Logging

// A broker's questions: asked by `progress`, answered by the manifest's policy or by a person through `command_reply`.

extension SessionCore {
    func progress(_ token: sluice_token, _ pointer: UnsafePointer<sluice_question>?) -> sluice_status {
        guard let network, network.calls.connections.capabilities.contains(.asksQuestions) else {
            return SLUICE_ERR_UNSUPPORTED
        }
        guard let command = tokens.command(token) else { return SLUICE_ERR_NOT_FOUND }
        do throws(ContractBreach) {
            let question = try question(pointer, command)
            guard !network.questions.contains(where: { $0.token == token && $0.question.id == question.id }) else {
                return SLUICE_ERR_STATE
            }
            guard network.questions.count < ServiceBounds.questions else {
                return quota("open questions", ServiceBounds.questions)
            }
            network.lastQuestion += 1
            network.questions.append((token, question))
            waitForAnswer(token, question)
            if let option = adapter.answer(to: question) {
                answer(AnswerToQuestion(question: question.number, option: option.id), isPolicy: true)
            } else {
                logger.notice(
                    "Broker asks",
                    metadata: [
                        "question.message_id": "\((question.messageID ?? "").printableLine)",
                        "question.text": "\(network.vault.redact(question.text).printableLine)",
                    ])
                events.append(.question(question, .held))
            }
            showQuestions()
            return SLUICE_OK
        } catch {
            return breach("progress", error)
        }
    }

    private func question(
        _ pointer: UnsafePointer<sluice_question>?, _ command: OpenCommand
    ) throws(ContractBreach) -> BrokerQuestion {
        guard let asked = try checkedEntity(pointer, size: MemoryLayout<sluice_question>.size, "question") else {
            throw ContractBreach("question", "is null")
        }
        let size = MemoryLayout<sluice_option>.size
        let span = try SpanReader(asked.pointee.options, size: size, limit: 16, "question.options")
        guard span.count > 0 else { throw ContractBreach("question.options", "are none: nothing could be answered") }
        var options: [BrokerQuestion.Option] = []
        for index in 0..<span.count {
            let option = try span.element(index, size: size, "question.options")
                .assumingMemoryBound(to: sluice_option.self).pointee
            let id = try option.id.required("question.options.id", limit: 64)
            guard !options.contains(where: { $0.id == id }) else {
                throw ContractBreach("question.options.id", "\(id.printableLine) stands twice")
            }
            options.append(
                BrokerQuestion.Option(
                    id: id, text: try option.text.text("question.options.text", limit: 1024) ?? id,
                    meaning: UInt8(exactly: option.meaning).flatMap(BrokerQuestion.Meaning.init) ?? .other))
        }
        let now = Timestamp(nanoseconds: now())
        let latest = now.advanced(by: ServiceBounds.questionNanoseconds)
        let asks =
            (asked.pointee.deadline == 0 ? nil : timestamp(asked.pointee.deadline))
            ?? now.advanced(by: ServiceBounds.usualQuestionNanoseconds)
        return BrokerQuestion(
            number: (network?.lastQuestion ?? 0) + 1, id: try asked.pointee.id.required("question.id", limit: 256),
            messageID: try asked.pointee.broker_message_id.text("question.broker_message_id"),
            text: try asked.pointee.text.required("question.text", limit: 4096), options: options, askedAt: now,
            deadline: min(asks, latest), command: command.id, isOrder: command.kind.isMutation,
            account: command.account >= 0 ? reader.accounts[Int(command.account)].id : nil)
    }

    /// The command waits as long as its question does.
    private func waitForAnswer(_ token: UInt64, _ question: BrokerQuestion) {
        let left = max(0, question.deadline.since(question.askedAt))
        tokens.extend(token, to: clock.monotonic() &+ left)
    }

    // MARK: - Answers

    private func answer(_ answer: AnswerToQuestion, isPolicy: Bool) {
        session.ask(.commandReply(answer, isPolicy: isPolicy), deadline: nil) { _ in }
    }

    /// Gives the adapter an answer.
    func reply(_ answer: AnswerToQuestion, isPolicy: Bool, _ entry: ServiceCall) {
        forgetQuestions()
        guard let network, let place = network.questions.firstIndex(where: { $0.question.number == answer.question })
        else { return end(entry, .failure(QueryFailure(.notReady, "the question waits for no answer any more"))) }
        let (token, question) = network.questions[place]
        guard question.options.contains(where: { $0.id == answer.option }) else {
            return end(entry, .failure(QueryFailure(.failed, "\(answer.option) is none of the question's options")))
        }
        // Taken before the call: the adapter may ask the next one in it.
        network.questions.remove(at: place)
        let (id, option) = (scratch.text(question.id), scratch.text(answer.option))
        let status = call(.commandReply) { network.calls.commandReply($0, token, id, option) }
        guard status >= 0 else {
            if status == SLUICE_ERR_INTERNAL { poison("its function command_reply failed (status \(status))") }
            if tokens.isOpen(token) {
                network.questions.insert((token, question), at: min(place, network.questions.count))
            }
            if isPolicy { events.append(.question(question, .held)) }
            showQuestions()
            return end(
                entry, .failure(QueryFailure(.refusedByAdapter, "the adapter refused the answer with status \(status)"))
            )
        }
        events.append(.question(question, .answered(option: answer.option, isPolicy: isPolicy)))
        showQuestions()
        end(entry, .success(""))
    }

    /// Questions whose time or whose command is over.
    func forgetQuestions() {
        guard let network, !network.questions.isEmpty else { return }
        let now = clock.wall()
        let over = network.questions.filter { $0.question.deadline <= now || !tokens.isOpen($0.token) }
        guard !over.isEmpty else { return }
        network.questions.removeAll { $0.question.deadline <= now || !tokens.isOpen($0.token) }
        for (_, question) in over { events.append(.question(question, .ended)) }
        showQuestions()
    }

    private func showQuestions() {
        let shown = network?.questions.map(\.question) ?? []
        session.published.withLockedValue { $0.questions = shown }
    }
}

/// What was answered to which question.
struct AnswerToQuestion: Hashable, Sendable {
    var question: UInt64
    /// An option's id.
    var option: String
}

extension LoadedAdapter {
    /// What the manifest says to a question; `nil`: a person answers. A policy that fits no option, or several, answers
    /// nothing.
    func answer(to question: BrokerQuestion) -> BrokerQuestion.Option? {
        guard let wanted = question.messageID.flatMap({ questionPolicy[$0] }) else { return nil }
        let fitting = question.options.filter { $0.meaning == wanted }
        return fitting.count == 1 ? fitting[0] : nil
    }
}

extension AdapterSession {
    package func has(_ account: AccountID) -> Bool { accountIndex(account) != nil }

    /// What brokers wait to hear, oldest first.
    package var questions: [BrokerQuestion] {
        let now = clock.wall()
        return published.withLockedValue { $0.questions }.filter { $0.deadline > now }
    }

    /// Answers a question that `questions` shows with one of its options.
    package func answer(
        question number: UInt64, option: String, deadline: Int64? = nil,
        completion: @escaping @Sendable (Result<Void, QueryFailure>) -> Void
    ) {
        let answer = AnswerToQuestion(question: number, option: option)
        ask(.commandReply(answer, isPolicy: false), deadline: deadline) { completion($0.map { _ in }) }
    }

}
