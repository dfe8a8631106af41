import Adapters
import Domain
import Gateway
import Hummingbird

/// `/api/questions`: what brokers ask before they take an order, and the answers of people.
extension Backend {
    func listQuestions(_ call: Call) async throws -> Answer {
        let covered = coveredAccounts(try call.caller())
        var query = call.query
        let questions = gateway.questions().filter { Self.isCovered($0, covered) }
        let page = try page(Array(questions.reversed()), &query) { $0.id }
        return .list(page.items, next: page.next) { $0.question($1) }
    }

    func answerQuestion(_ call: Call) async throws -> Answer {
        let caller = try call.caller()
        var reader = ObjectReader(try await call.object())
        let option = reader.required("option", "expected the id of one of the options") {
            $0.text("option", maximum: 64)
        }
        reader.finish(Schema.questionAnswer)
        guard reader.entries.isEmpty, let option else { throw Problem.invalid(reader.entries) }
        let id = call.parameter(0)
        let covered = coveredAccounts(caller)
        guard let question = gateway.questions().first(where: { $0.id == id && Self.isCovered($0, covered) }) else {
            throw Problem.notFound("question", id, remedy: "GET /api/questions lists those that wait for an answer")
        }
        let options = question.question.options
        guard options.contains(where: { $0.id == option }) else {
            throw Problem.invalid([
                Problem.Entry(
                    path: "/option", value: option, message: "is none of the question's options",
                    remedy: "expected one of " + options.map(\.id).joined(separator: ", "))
            ])
        }
        if let failure = try await gateway.answer(question, option: option, by: caller.caller.actor) {
            throw Problem(
                .conflict, "question_not_answered", path: "/option", value: option, failure.text,
                remedy: "GET /api/questions again, and look at the order")
        }
        return .noContent
    }

    private static func isCovered(_ question: OpenQuestion, _ covered: Set<AccountID>?) -> Bool {
        guard let covered else { return true }
        return question.question.account.map(covered.contains) ?? false
    }
}

extension JSONWriter {
    fileprivate mutating func question(_ open: OpenQuestion) {
        object {
            $0.member("id", open.id)
            $0.member("account_id", open.question.account?.rawValue)
            $0.member("adapter_id", open.adapter.rawValue)
            $0.member("run_id", open.run?.description)
            $0.member("client_order_id", open.clientOrderID?.description)
            $0.member("message_id", open.question.messageID)
            $0.member("text", open.question.text)
            $0.member("asked_at", open.question.askedAt)
            $0.member("deadline", open.question.deadline)
            $0.list("options", open.question.options) { json, option in
                json.object {
                    $0.member("id", option.id)
                    $0.member("text", option.text)
                    $0.member("meaning", option.meaning.rawName)
                }
            }
        }
    }
}
